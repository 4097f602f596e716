package dev.assay.mutants.catalogue;

import static dev.assay.mutants.catalogue.Shows.firstOf;
import static dev.assay.mutants.catalogue.Shows.inLayer;
import static dev.assay.mutants.catalogue.Shows.refused;

import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.Architecture;
import dev.assay.config.ModelConfig;
import dev.assay.config.MoeConfig;
import dev.assay.config.RopeParameters;
import dev.assay.engine.Tap;
import dev.assay.mutants.interpret.Choice;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.MixtureOfExperts.SharedExpert;
import dev.assay.plan.Rotary;
import dev.assay.plan.RotaryFrequencies;
import dev.assay.plan.Router;
import dev.assay.plan.Router.Weighting;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;

/// DeepSeek V2, V3 and R1, Kimi K2.
final class DeepSeek {
    private static final Set<Architecture> V3 = EnumSet.of(Architecture.DEEPSEEK_V3, Architecture.KIMI_K2);
    private static final Set<Architecture> ALL =
            EnumSet.of(Architecture.DEEPSEEK_V2, Architecture.DEEPSEEK_V3, Architecture.KIMI_K2);

    private static final Predicate<DecoderPlan> SIGMOID = Edits.withRouter(Router.SigmoidGroupedTopK.class::isInstance);
    private static final Predicate<DecoderPlan> GROUPED = Edits.withRouter(DeepSeek::hasGroups);
    private static final Predicate<DecoderPlan> SHARES_OF_CHOSEN =
            Edits.withRouter(router -> router instanceof Router.SigmoidGroupedTopK sigmoid
                    && sigmoid.weighting() instanceof Weighting.ShareOfChosen);

    private DeepSeek() {}

    static List<Mutant> mutants() {
        Expected experts = firstOf(Tap.FEED_FORWARD, DeepSeek::routes);
        // Which layer first chooses or weighs otherwise is for the input to say.
        Expected someExperts = new Expected.Among(Tap.FEED_FORWARD, DeepSeek::routes);
        Expected scores = inLayer(Tap.CONTEXT, 0);
        List<Mutant> mutants = new ArrayList<>();
        mutants.add(new Mutant(
                "D01",
                "correction bias left in the mixing weights",
                "vLLM #11971, PR #12002; HF PR #41647 (from #40132); dots1 PR #41663; LLMPlayer",
                V3,
                new Mutation.OfOperations(SIGMOID, () -> new Operations() {
                    @Override
                    public double[] mixed(double[] scores, double[] ranks, double[] bias) {
                        return ranks;
                    }
                }),
                experts));
        mutants.add(new Mutant(
                "D02",
                "correction bias added before the sigmoid",
                "LLMPlayer changelog",
                V3,
                new Mutation.OfOperations(SIGMOID, () -> new Operations() {
                    @Override
                    public Choice route(Router router, double[] logits, double[] bias) {
                        return super.route(router, plus(logits, bias), new double[bias.length]);
                    }
                }),
                experts));
        mutants.add(new Mutant(
                "D03",
                "a group counts by its largest score where the sum of its two largest is meant, or the reverse",
                "vLLM PR #13474",
                ALL,
                new Mutation.OfOperations(GROUPED, () -> new Operations() {
                    @Override
                    public double[] groupScores(Router router, double[] ranks, int groups) {
                        int size = ranks.length / groups;
                        double[] scores = new double[groups];
                        for (int g = 0; g < groups; g++) {
                            double[] sorted = Arrays.copyOfRange(ranks, g * size, (g + 1) * size);
                            Arrays.sort(sorted);
                            boolean best = router instanceof Router.SigmoidGroupedTopK;
                            scores[g] = sorted[size - 1] + (best || size == 1 ? 0 : sorted[size - 2]);
                        }
                        return scores;
                    }
                }),
                experts));
        mutants.add(new Mutant(
                "D04",
                "experts of closed groups count as 0, not as minus infinity",
                "vLLM PR #13474; sglang PR #3705; DeepSeek-V3 #741; HF #45440, PR #45441",
                V3,
                new Mutation.OfOperations(GROUPED, () -> new Operations() {
                    @Override
                    public double closedRank() {
                        return 0;
                    }
                }),
                someExperts));
        mutants.add(new Mutant(
                "D05",
                "experts chosen without regard to groups",
                "llama.cpp until PR #16063; LLMPlayer; GGUF files without expert_group_count",
                ALL,
                new Mutation.OfPlan(Edits.router(router -> groups(router, 1, 1))),
                experts));
        mutants.add(new Mutant(
                "D06",
                "one group too many is open",
                "mistral.rs PR #1278, candle-vllm PR #125 (group_limited_greedy)",
                ALL,
                new Mutation.OfPlan(Edits.router(DeepSeek::oneGroupMore)),
                experts));
        mutants.add(new Mutant(
                "D07",
                "routed_scaling_factor left out, or applied before weights are made to sum to 1",
                "sglang #8040 (Kimi K2 loops, R1 hid it)",
                ALL,
                new Mutation.OfPlan(Edits.weighting(weighting -> switch (weighting) {
                    case Weighting.Score _ -> new Weighting.Score(1);
                    case Weighting.ShareOfChosen(double eps, double _) -> new Weighting.ShareOfChosen(eps, 1);
                })),
                experts));
        mutants.add(new Mutant(
                "D08a",
                "norm_topk_prob read as the other value",
                "LLMPlayer MoEFFN; Model-Connect PR #669",
                ALL,
                new Mutation.OfPlan(Edits.weighting(weighting -> switch (weighting) {
                    case Weighting.Score(double scale) -> new Weighting.ShareOfChosen(1e-20, scale);
                    case Weighting.ShareOfChosen(double _, double scale) -> new Weighting.Score(scale);
                })),
                experts));
        mutants.add(new Mutant(
                "D08b",
                "weights of the chosen divided by their L2 norm",
                "LLMPlayer MoEFFN; Model-Connect PR #669",
                V3,
                new Mutation.OfOperations(
                        SHARES_OF_CHOSEN,
                        () -> new Weighs(scores1 -> {
                            double norm = Math.sqrt(
                                    Arrays.stream(scores1).map(s -> s * s).sum());
                            return Arrays.stream(scores1).map(s -> s / norm).toArray();
                        })),
                experts));
        mutants.add(new Mutant(
                "D08c",
                "weights of the chosen by a softmax over their scores",
                "LLMPlayer MoEFFN; Model-Connect PR #669",
                V3,
                new Mutation.OfOperations(
                        SHARES_OF_CHOSEN,
                        () -> new Weighs(scores1 -> {
                            double sum = Arrays.stream(scores1).map(Math::exp).sum();
                            return Arrays.stream(scores1)
                                    .map(s -> Math.exp(s) / sum)
                                    .toArray();
                        })),
                experts));
        mutants.add(new Mutant(
                "D09",
                "score recovered in float32 as (score + bias) - bias",
                "flashinfer PR #3875",
                V3,
                new Mutation.OfOperations(SIGMOID, () -> new Operations() {
                    @Override
                    public double[] mixed(double[] scores, double[] ranks, double[] bias) {
                        double[] recovered = new double[scores.length];
                        for (int e = 0; e < recovered.length; e++) {
                            recovered[e] = (float) scores[e] + (float) bias[e] - (float) bias[e];
                        }
                        return recovered;
                    }
                }),
                someExperts));
        mutants.add(new Mutant(
                "D10a",
                "no epsilon where weights are made to sum to 1",
                "flashinfer PR #3803, #3946",
                V3,
                new Mutation.OfPlan(Edits.weighting(weighting -> switch (weighting) {
                    case Weighting.Score score -> score;
                    case Weighting.ShareOfChosen(double _, double scale) -> new Weighting.ShareOfChosen(0, scale);
                })),
                someExperts));
        mutants.add(new Mutant(
                "D10b",
                "the sum of chosen scores held to at least 6.1e-5, in place of + 1e-20",
                "llama.cpp llama-graph.cpp, read at 3f545becc",
                V3,
                new Mutation.OfOperations(SHARES_OF_CHOSEN, () -> new Operations() {
                    @Override
                    public double denominator(double sum, double eps) {
                        return Math.max(sum, 6.103515625e-5);
                    }
                }),
                someExperts));
        mutants.add(new Mutant(
                "D11",
                "correction bias not loaded",
                "Megatron-Bridge PR #4657",
                V3,
                new Mutation.OfWeights(DeepSeek::isCorrectionBias, values -> new float[values.length]),
                experts));
        mutants.add(new Mutant(
                "D12",
                "correction bias kept in bfloat16",
                "HF commit 2e29a9a (#42580)",
                V3,
                new Mutation.OfWeights(DeepSeek::isCorrectionBias, Numbers::bfloat16),
                someExperts));
        mutants.add(new Mutant(
                "D13",
                "YaRN's mscale squared missing from the softmax scale",
                "mobius PR #548; optimum-intel PR #1877; HF PR #47435; tpu-inference PR #521",
                ALL,
                new Mutation.OfPlan(scale(_ -> 1)),
                scores));
        mutants.add(new Mutant(
                "D14",
                "cos and sin multiplied by mscale, not by its ratio to mscale_all_dim",
                "imp PR #880; exllamav3 #259",
                ALL,
                new Mutation.OfPlan(Edits.rotary(rotary -> Edits.withYarnFactor(
                        rotary, yarn -> RotaryFrequencies.yarnMagnitude(yarn.factor(), mscale(yarn))))),
                scores));
        mutants.add(new Mutant(
                "D15",
                "mscale in the softmax scale where mscale_all_dim is meant",
                "Megatron-LM #1429",
                ALL,
                new Mutation.OfPlan(
                        scale(yarn -> square(RotaryFrequencies.yarnMagnitude(yarn.factor(), mscale(yarn))))),
                scores));
        mutants.add(new Mutant(
                "D16",
                "the 0.1 in front of YaRN's logarithm applied twice",
                "llama.cpp PR #17945; LLMPlayer RoPE.java",
                ALL,
                new Mutation.OfPlan(
                        scale(yarn -> square(RotaryFrequencies.yarnMagnitude(yarn.factor(), 0.1 * allDim(yarn))))),
                scores));
        mutants.add(new Mutant(
                "D17",
                "softmax scale divided by mscale squared",
                "maxtext #1370",
                ALL,
                new Mutation.OfPlan(
                        scale(yarn -> 1 / square(RotaryFrequencies.yarnMagnitude(yarn.factor(), allDim(yarn))))),
                scores));
        mutants.add(new Mutant(
                "D18",
                "the other pairing of rotary dimensions: halves for neighbours, or the reverse",
                "vLLM #26995; LightLLM #672; sglang PR #13495; vllm-ascend #4641, #7341; ik_llama.cpp #2099",
                ALL,
                new Mutation.OfPlan(Edits.rotary(Edits::swapped)),
                scores));
        mutants.add(new Mutant(
                "D19",
                "YaRN's beta_fast taken as 32 whatever the file says",
                "radixark/miles #335",
                ALL,
                new Mutation.OfPlan(Edits.rotary(rotary -> Edits.withParameters(rotary, DeepSeek::withUsualBetaFast))),
                scores));
        mutants.add(new Mutant(
                "D20a",
                "last decoder layer dropped as if it were for multi-token prediction; planted as a layer that adds nothing",
                "mlxcel PR #618",
                ALL,
                new Mutation.OfWeights(DeepSeek::isResultOfLastLayer, values -> new float[values.length]),
                new Expected.First(Tap.ATTENTION, (right, _) -> right.layers().size() - 1)));
        mutants.add(new Mutant(
                "D20b",
                "prefill without a causal mask",
                "mlxcel PR #618",
                ALL,
                new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                    @Override
                    public boolean sees(Mask mask, int query, int key, int last) {
                        return true;
                    }
                }),
                scores));
        mutants.add(new Mutant(
                "D21a",
                "shared expert skipped",
                "class of bug",
                ALL,
                new Mutation.OfPlan(Edits.experts(
                        moe -> new MixtureOfExperts(moe.router(), moe.experts(), new SharedExpert.None()))),
                experts));
        mutants.add(new Mutant(
                "D21b",
                "shared expert multiplied by the routed scaling factor",
                "class of bug",
                ALL,
                new Mutation.OfOperations(Edits.withRouter(router -> scaleOf(router) != 1), () -> new Operations() {
                    @Override
                    public double[] shared(MixtureOfExperts moe, double[] result) {
                        return scaled(result, scaleOf(moe.router()));
                    }
                }),
                experts));
        mutants.add(new Mutant(
                "D21c",
                "first_k_dense_replace one too many",
                "class of bug",
                ALL,
                new Mutation.OfConfig((right, json) -> {
                    int dense = right.numHiddenLayers() - moeLayers(right);
                    json.put("first_k_dense_replace", Math.min(right.numHiddenLayers(), dense + 1));
                }),
                refused()));
        return mutants;
    }

    /// Weights of chosen experts by a rule of their own, times the scale.
    private static final class Weighs extends Operations {
        private final UnaryOperator<double[]> shares;

        Weighs(UnaryOperator<double[]> shares) {
            this.shares = shares;
        }

        @Override
        public Choice weighed(Weighting weighting, double[] scores, int[] experts) {
            double[] chosen = Arrays.stream(experts).mapToDouble(e -> scores[e]).toArray();
            double scale = switch (weighting) {
                case Weighting.Score(double factor) -> factor;
                case Weighting.ShareOfChosen(double _, double factor) -> factor;
            };
            return new Choice(experts, scaled(shares.apply(chosen), scale));
        }
    }

    private static int moeLayers(ModelConfig config) {
        return config instanceof MoeConfig moe ? moe.moeLayers().size() : 0;
    }

    private static boolean hasGroups(Router router) {
        return switch (router) {
            case Router.SigmoidGroupedTopK sigmoid -> sigmoid.groups() > 1;
            case Router.SoftmaxGroupedTopK softmax -> softmax.groups() > 1;
            case Router.SoftmaxTopK _, Router.SigmoidOnInput _ -> false;
        };
    }

    private static Router groups(Router router, int groups, int chosen) {
        return switch (router) {
            case Router.SigmoidGroupedTopK(var weight, var bias, int topK, int _, int _, var weighting) ->
                new Router.SigmoidGroupedTopK(weight, bias, topK, groups, chosen, weighting);
            case Router.SoftmaxGroupedTopK(var weight, int topK, int _, int _, var weighting) ->
                new Router.SoftmaxGroupedTopK(weight, topK, groups, chosen, weighting);
            case Router.SoftmaxTopK _, Router.SigmoidOnInput _ -> router;
        };
    }

    private static Router oneGroupMore(Router router) {
        return switch (router) {
            case Router.SigmoidGroupedTopK sigmoid ->
                groups(router, sigmoid.groups(), Math.min(sigmoid.groups(), sigmoid.chosenGroups() + 1));
            case Router.SoftmaxGroupedTopK softmax ->
                groups(router, softmax.groups(), Math.min(softmax.groups(), softmax.chosenGroups() + 1));
            case Router.SoftmaxTopK _, Router.SigmoidOnInput _ -> router;
        };
    }

    private static double scaleOf(Router router) {
        return switch (router) {
            case Router.SigmoidGroupedTopK sigmoid -> scaleOf(sigmoid.weighting());
            case Router.SoftmaxGroupedTopK softmax -> scaleOf(softmax.weighting());
            case Router.SoftmaxTopK softmax -> scaleOf(softmax.weighting());
            case Router.SigmoidOnInput _ -> 1;
        };
    }

    private static double scaleOf(Weighting weighting) {
        return switch (weighting) {
            case Weighting.Score(double scale) -> scale;
            case Weighting.ShareOfChosen(double _, double scale) -> scale;
        };
    }

    /// Score scales of layers with YaRN: 1/√d times a correction that is not theirs.
    private static UnaryOperator<DecoderPlan> scale(ToDoubleFunction<RopeParameters.Yarn> correction) {
        return Edits.latent(attention -> parameters(attention.rotary()) instanceof RopeParameters.Yarn yarn
                ? Edits.with(attention, plain(attention) * correction.applyAsDouble(yarn))
                : attention);
    }

    private static double plain(LatentAttention attention) {
        return 1 / Math.sqrt(attention.nopeHeadDim() + attention.ropeHeadDim());
    }

    private static RopeParameters parameters(Rotary rotary) {
        return switch (rotary) {
            case Rotary.None _ -> new RopeParameters.Default(1);
            case Rotary.HalfSplit(var parameters, int _, double _) -> parameters;
            case Rotary.Interleaved(var parameters, int _, double _) -> parameters;
        };
    }

    private static double mscale(RopeParameters.Yarn yarn) {
        Double mscale = yarn.mscale();
        return mscale == null ? 1 : mscale;
    }

    private static double allDim(RopeParameters.Yarn yarn) {
        Double mscaleAllDim = yarn.mscaleAllDim();
        return mscaleAllDim == null ? 0 : mscaleAllDim;
    }

    private static double square(double x) {
        return x * x;
    }

    private static RopeParameters withUsualBetaFast(RopeParameters parameters) {
        return switch (parameters) {
            case RopeParameters.Default _, RopeParameters.Linear _, RopeParameters.Llama3 _ -> parameters;
            case RopeParameters.Yarn yarn ->
                new RopeParameters.Yarn(
                        yarn.ropeTheta(),
                        yarn.factor(),
                        Math.max(32, yarn.betaSlow()),
                        yarn.betaSlow(),
                        yarn.originalMaxPositionEmbeddings(),
                        yarn.attentionFactor(),
                        yarn.mscale(),
                        yarn.mscaleAllDim(),
                        yarn.truncate());
        };
    }

    private static boolean isCorrectionBias(DecoderPlan plan, TensorInfo tensor) {
        return tensor.name().endsWith("e_score_correction_bias");
    }

    private static boolean isResultOfLastLayer(DecoderPlan plan, TensorInfo tensor) {
        String name = tensor.name();
        return name.startsWith(plan.layers().getLast().tensorPrefix())
                && (name.contains(".o_proj.") || name.contains(".down_proj."));
    }

    private static boolean routes(Layer layer) {
        return layer.feedForward() instanceof MixtureOfExperts;
    }
}
