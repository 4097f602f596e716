package dev.assay.mutants.catalogue;

import static dev.assay.mutants.catalogue.Shows.inLayer;
import static dev.assay.mutants.catalogue.Shows.whereChanged;

import dev.assay.config.Architecture;
import dev.assay.config.RopeParameters;
import dev.assay.engine.Tap;
import dev.assay.mutants.interpret.Call;
import dev.assay.mutants.interpret.Gain;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.Norm;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.QkNorm;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// SmolLM3, OLMo 2 and Mistral, and rotary scaling that GGUF files carry in a tensor.
final class Others {
    private static final Set<Architecture> SMOLLM = EnumSet.of(Architecture.SMOLLM_3);
    private static final Set<Architecture> OLMO = EnumSet.of(Architecture.OLMO_2);
    private static final Set<Architecture> MISTRAL =
            EnumSet.of(Architecture.MISTRAL_7B, Architecture.MISTRAL_SMALL_3_1);

    private Others() {}

    static List<Mutant> mutants() {
        List<Mutant> mutants = new ArrayList<>();
        mutants.add(new Mutant(
                "S01",
                "no_rope_layers inverted: 1 taken for a layer without rotary",
                "mobius PR #233 (27 of 36 layers); HF #43756; litert-torch #1087",
                SMOLLM,
                new Mutation.OfPlan(Rotaries.inverted()),
                whereChanged(Tap.CONTEXT)));
        mutants.add(new Mutant(
                "S02",
                "rotary on every layer",
                "Camelid PR #535; rknn-llm #501; executorch #22043",
                SMOLLM,
                new Mutation.OfPlan(Rotaries.everywhere()),
                whereChanged(Tap.CONTEXT)));
        mutants.add(new Mutant(
                "S03",
                "layers without rotary counted from 0, not from 1",
                "class of bug",
                SMOLLM,
                new Mutation.OfPlan(Rotaries.shifted()),
                whereChanged(Tap.CONTEXT)));
        mutants.add(new Mutant(
                "O01",
                "QK-norm head by head, not over the whole projection",
                "vllm-metal #767; OLMo 3 #691, PR #692; mlxcel PR #317 (OLMoE)",
                OLMO,
                new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                    @Override
                    public double[][] heads(
                            GroupedQueryAttention attention, Gain gain, double[] projected, Call call, int position) {
                        double[][] heads = split(projected, attention.headDim());
                        double[][] weights = split(gain.weight(), attention.headDim());
                        double[][] normed = new double[heads.length][]; // [heads][d]
                        for (int h = 0; h < heads.length; h++) {
                            double[] unit = over(
                                    heads[h],
                                    rootMeanSquare(heads[h], gain.norm().eps()));
                            normed[h] = rotate(attention.rotary(), times(weights[h], unit), position);
                        }
                        return normed;
                    }
                }),
                inLayer(Tap.CONTEXT, 0)));
        mutants.add(new Mutant(
                "O02",
                "norms in front of attention and MLP, not behind",
                "gpt-neox PR #1408; Megatron-Bridge PR #3698",
                OLMO,
                new Mutation.OfPlan(Edits.layers((_, _, layer) ->
                        Edits.with(layer, inFront(layer.attentionNorms()), inFront(layer.feedForwardNorms())))),
                inLayer(Tap.ATTENTION_INPUT, 0)));
        mutants.add(new Mutant(
                "O03",
                "eps added to the root, not under it",
                "OLMo #281",
                OLMO,
                new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                    @Override
                    public double rootMeanSquare(double[] x, double eps) {
                        return super.rootMeanSquare(x, 0) + eps;
                    }
                }),
                inLayer(Tap.CONTEXT, 0)));
        mutants.add(new Mutant(
                "O04a",
                "post_attention and post_feedforward norms exchanged",
                "open-instruct PR #1839 (38 % logit error passed checks of keys and shapes)",
                OLMO,
                new Mutation.OfPlan(Edits.layers((_, _, layer) -> withExchangedNorms(layer))),
                inLayer(Tap.FEED_FORWARD_INPUT, 0)));
        mutants.add(new Mutant(
                "O04b",
                "norms of queries and keys exchanged",
                "open-instruct PR #1839 (class)",
                OLMO,
                new Mutation.OfPlan(Edits.groupedQuery(Others::exchangedQkNorm)),
                inLayer(Tap.CONTEXT, 0)));
        mutants.add(new Mutant(
                "M01",
                "head dim taken as hidden size over heads; planted in the score scale, as shapes would refuse it",
                "mistral.rs #1118 (160, not 128); lmdeploy PR #2761",
                MISTRAL,
                new Mutation.OfPlan(Edits.layers((plan, _, layer) -> Attention.scaledByShareOfHidden(plan, layer))),
                inLayer(Tap.CONTEXT, 0)));
        mutants.add(new Mutant(
                "M03",
                "YaRN's factor on cos and sin taken as 1",
                "vLLM PR #48623; llama.cpp PR #17945",
                EnumSet.of(
                        Architecture.MISTRAL_7B,
                        Architecture.MISTRAL_SMALL_3_1,
                        Architecture.OLMO_2,
                        Architecture.QWEN_3,
                        Architecture.QWEN_3_MOE,
                        Architecture.SMOLLM_3),
                new Mutation.OfPlan(Edits.rotary(rotary -> Edits.withYarnFactor(rotary, _ -> 1))),
                whereChanged(Tap.CONTEXT)));
        mutants.add(new Mutant(
                "M05",
                "frequency factors of Llama 3's rotary scaling not applied",
                "ik_llama.cpp #2291 (rope_freqs not passed: perplexity 2916 for 5.5)",
                EnumSet.of(Architecture.LLAMA_3, Architecture.LLAMA_4),
                new Mutation.OfPlan(Edits.rotary(rotary -> Edits.withParameters(rotary, own -> switch (own) {
                    case RopeParameters.Llama3 llama -> new RopeParameters.Default(llama.ropeTheta());
                    case RopeParameters.Default _, RopeParameters.Linear _, RopeParameters.Yarn _ -> own;
                }))),
                whereChanged(Tap.CONTEXT)));
        mutants.add(new Mutant(
                "M06a",
                "theta of another release: a tenth",
                "class of bug (1e8 for 1e9)",
                MISTRAL,
                new Mutation.OfPlan(Edits.rotary(rotary -> Edits.withParameters(rotary, Others::tenthOfTheta))),
                whereChanged(Tap.CONTEXT)));
        mutants.add(new Mutant(
                "M06b",
                "window kept from Mistral 7B where there is none; planted as a window of 8, as prompts are short",
                "class of bug (4096)",
                MISTRAL,
                new Mutation.OfPlan(Edits.groupedQuery(attention -> attention.mask() instanceof Mask.Causal
                        ? Edits.with(attention, new Mask.SlidingWindow(8))
                        : attention)),
                whereChanged(Tap.CONTEXT)));
        return List.copyOf(mutants);
    }

    private static NormPlacement inFront(NormPlacement placement) {
        return placement instanceof NormPlacement.After(Norm norm) ? new NormPlacement.Before(norm) : placement;
    }

    @SuppressWarnings("ArgumentSelectionDefectChecker") // That is the bug.
    private static Layer withExchangedNorms(Layer layer) {
        return Edits.with(layer, layer.feedForwardNorms(), layer.attentionNorms());
    }

    /// Only where both are of one width.
    @SuppressWarnings("ArgumentSelectionDefectChecker") // That is the bug.
    private static GroupedQueryAttention exchangedQkNorm(GroupedQueryAttention attention) {
        return attention.qkNorm() instanceof QkNorm.WholeProjection(Norm queries, Norm keys)
                        && queries.size() == keys.size()
                ? Edits.with(attention, new QkNorm.WholeProjection(keys, queries))
                : attention;
    }

    private static RopeParameters tenthOfTheta(RopeParameters own) {
        double theta = own.ropeTheta() / 10;
        return switch (own) {
            case RopeParameters.Default _ -> new RopeParameters.Default(theta);
            case RopeParameters.Linear linear -> new RopeParameters.Linear(theta, linear.factor());
            case RopeParameters.Llama3 llama ->
                new RopeParameters.Llama3(
                        theta,
                        llama.factor(),
                        llama.lowFreqFactor(),
                        llama.highFreqFactor(),
                        llama.originalMaxPositionEmbeddings());
            case RopeParameters.Yarn yarn ->
                new RopeParameters.Yarn(
                        theta,
                        yarn.factor(),
                        yarn.betaFast(),
                        yarn.betaSlow(),
                        yarn.originalMaxPositionEmbeddings(),
                        yarn.attentionFactor(),
                        yarn.mscale(),
                        yarn.mscaleAllDim(),
                        yarn.truncate());
        };
    }
}
