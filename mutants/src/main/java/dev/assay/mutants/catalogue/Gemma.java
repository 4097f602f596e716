package dev.assay.mutants.catalogue;

import static dev.assay.mutants.catalogue.Shows.inLayer;
import static dev.assay.mutants.catalogue.Shows.inLogits;
import static dev.assay.mutants.catalogue.Shows.whereChanged;

import dev.assay.config.Architecture;
import dev.assay.config.HiddenActivation;
import dev.assay.config.RopeParameters;
import dev.assay.engine.Tap;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.Norm;
import dev.assay.plan.OutputHead;
import dev.assay.plan.Rotary;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntUnaryOperator;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;

/// Gemma 3, and bugs of sliding windows wherever there are any.
final class Gemma {
    private static final Set<Architecture> GEMMA = EnumSet.of(Architecture.GEMMA_3);
    private static final Set<Architecture> SLIDING = EnumSet.of(
            Architecture.GEMMA_3,
            Architecture.GEMMA_3N,
            Architecture.MISTRAL_7B,
            Architecture.QWEN_3,
            Architecture.QWEN_3_MOE,
            Architecture.SMOLLM_3);

    private Gemma() {}

    static List<Mutant> mutants() {
        return List.of(
                new Mutant(
                        "G01a",
                        "rotary of sliding layers on full ones too",
                        "candle PR #2917; llama.cpp #14367",
                        GEMMA,
                        new Mutation.OfPlan(oneRotary(Edits::slides)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G01b",
                        "rotary of full layers on sliding ones too",
                        "candle PR #2917; llama.cpp #14367",
                        GEMMA,
                        new Mutation.OfPlan(oneRotary(layer -> !Edits.slides(layer))),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G02",
                        "linear factor not applied on full layers",
                        "ollama #13449, #13450, #13470, #12360; mlx-vlm PR #1709; mlxcel #1340, #1386",
                        GEMMA,
                        new Mutation.OfPlan(Edits.rotary(rotary -> Edits.withParameters(rotary, Gemma::withoutFactor))),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G03",
                        "linear factor applied on sliding layers too",
                        "ferrox #39, #65; gemma.cpp #986",
                        GEMMA,
                        new Mutation.OfPlan(Edits.layers(Gemma::withFactorOfFullLayers)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G04",
                        "scores scaled by the head dim, not by query_pre_attn_scalar",
                        "ferrox #40 (27B: 128 for 168)",
                        GEMMA,
                        new Mutation.OfPlan(Edits.groupedQuery(
                                attention -> Edits.with(attention, 1 / Math.sqrt(attention.headDim())))),
                        inLayer(Tap.CONTEXT, 0)),
                new Mutant(
                        "G05a",
                        "window one position too wide",
                        "HF #39408, #29176; Megatron-Bridge PR #2656; mlx-lm PR #390; sglang PR #26147",
                        SLIDING,
                        new Mutation.OfPlan(window(size -> size + 1)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G05b",
                        "window one position too narrow",
                        "HF #39408, #29176; Megatron-Bridge PR #2656; mlx-lm PR #390; sglang PR #26147",
                        SLIDING,
                        new Mutation.OfPlan(window(size -> Math.max(1, size - 1))),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G05c",
                        "window halved",
                        "HF #47940 (halved on save)",
                        SLIDING,
                        new Mutation.OfPlan(window(size -> Math.max(1, size / 2))),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G06",
                        "window lost",
                        "HF #35691 (Gemma 2)",
                        SLIDING,
                        new Mutation.OfPlan(
                                mask(mask -> mask instanceof Mask.SlidingWindow ? new Mask.Causal() : mask)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G07a",
                        "norm gains w in place of 1 + w",
                        "llama.cpp PR #5631; vLLM #3653; litgpt #1031",
                        GEMMA,
                        new Mutation.OfPlan(Edits.norms(norm -> norm instanceof Norm.RmsOnePlus(var weight, double eps)
                                ? new Norm.Rms(weight, eps)
                                : norm)),
                        inLayer(Tap.ATTENTION_INPUT, 0)),
                new Mutant(
                        "G07b",
                        "1 added twice to norm gains: once when converting, once when computing",
                        "llama.cpp PR #5631; vLLM #3653; litgpt #1031",
                        GEMMA,
                        new Mutation.OfWeights((_, tensor) -> tensor.name().contains("norm"), Gemma::onePlus),
                        inLayer(Tap.ATTENTION_INPUT, 0)),
                new Mutant(
                        "G08",
                        "1 + w computed in bfloat16",
                        "vLLM #29810",
                        GEMMA,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public double[] onePlus(double[] weight) {
                                return each(super.onePlus(weight), Numbers::bfloat16);
                            }
                        }),
                        inLayer(Tap.ATTENTION_INPUT, 0)),
                new Mutant(
                        "G09",
                        "embedding scale rounded to bfloat16 by an engine that computes in float32",
                        "HF #29402 (the root of 3072 becomes 55.5)",
                        EnumSet.of(Architecture.GEMMA_3, Architecture.GEMMA_3N),
                        new Mutation.OfPlan(Gemma::withRoundedEmbeddingScale),
                        inLayer(Tap.HIDDEN, 0)),
                new Mutant(
                        "G10",
                        "GELU by the error function, not by its tanh form",
                        "HF #29402",
                        GEMMA,
                        new Mutation.OfPlan(Edits.mlps(mlp -> new GatedMlp(
                                mlp.intermediateSize(),
                                HiddenActivation.GELU_ERF,
                                mlp.gate(),
                                mlp.up(),
                                mlp.down(),
                                mlp.sparsity()))),
                        inLayer(Tap.FEED_FORWARD, 0)),
                new Mutant(
                        "G11",
                        "pattern of full and sliding layers one layer off",
                        "class of bug",
                        GEMMA,
                        new Mutation.OfPlan(Edits.layers((plan, i, layer) -> {
                            Layer next =
                                    plan.layers().get((i + 1) % plan.layers().size());
                            return new Layer(
                                    layer.tensorPrefix(),
                                    layer.attentionNorms(),
                                    next.mixer(),
                                    layer.feedForwardNorms(),
                                    layer.feedForward(),
                                    layer.extras());
                        })),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "G13a",
                        "bound of 50 on scores kept from Gemma 2",
                        "lmdeploy PR #2842; Jlama getLogits",
                        GEMMA,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public double score(double product, double scale) {
                                return 50 * Math.tanh(super.score(product, scale) / 50);
                            }
                        }),
                        inLayer(Tap.CONTEXT, 0)),
                new Mutant(
                        "G13b",
                        "bound on final logits dropped",
                        "lmdeploy PR #2842; Jlama getLogits; X08",
                        EnumSet.of(Architecture.GEMMA_3, Architecture.GEMMA_3N),
                        new Mutation.OfPlan(Edits.softcap(_ -> new OutputHead.Softcap.None())),
                        inLogits()));
    }

    /// The rotary of one type of layer on all.
    private static UnaryOperator<DecoderPlan> oneRotary(Predicate<Layer> type) {
        return Edits.layers((plan, _, layer) -> Edits.withRotary(layer, Edits.rotaryOf(plan, type)));
    }

    private static UnaryOperator<DecoderPlan> window(IntUnaryOperator size) {
        return mask(mask ->
                mask instanceof Mask.SlidingWindow(int own) ? new Mask.SlidingWindow(size.applyAsInt(own)) : mask);
    }

    private static UnaryOperator<DecoderPlan> mask(UnaryOperator<Mask> edit) {
        return Edits.groupedQuery(
                (GroupedQueryAttention attention) -> Edits.with(attention, edit.apply(attention.mask())));
    }

    private static RopeParameters withoutFactor(RopeParameters parameters) {
        return parameters instanceof RopeParameters.Linear(double theta, double _)
                ? new RopeParameters.Default(theta)
                : parameters;
    }

    private static Layer withFactorOfFullLayers(DecoderPlan plan, int index, Layer layer) {
        return Edits.slides(layer)
                        && Edits.rotaryOf(plan, other -> !Edits.slides(other))
                                instanceof
                                Rotary.HalfSplit(RopeParameters.Linear(double _, double factor), int _, double _)
                ? Edits.withRotary(
                        layer,
                        Edits.withParameters(
                                layer.mixer().rotary(), own -> new RopeParameters.Linear(own.ropeTheta(), factor)))
                : layer;
    }

    private static float[] onePlus(float[] weight) {
        float[] sums = new float[weight.length];
        for (int i = 0; i < weight.length; i++) {
            sums[i] = 1 + weight[i];
        }
        return sums;
    }

    private static DecoderPlan withRoundedEmbeddingScale(DecoderPlan plan) {
        Embedding own = plan.embedding();
        return own.scale() instanceof Embedding.Scale.Constant(double factor)
                ? Edits.withEmbedding(
                        plan,
                        new Embedding(
                                own.table(), new Embedding.Scale.Constant(Numbers.bfloat16(factor)), own.positions()))
                : plan;
    }
}
