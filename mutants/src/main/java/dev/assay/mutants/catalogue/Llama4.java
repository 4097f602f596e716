package dev.assay.mutants.catalogue;

import static dev.assay.mutants.catalogue.Shows.firstOf;
import static dev.assay.mutants.catalogue.Shows.refused;
import static dev.assay.mutants.catalogue.Shows.whereChanged;

import dev.assay.config.Architecture;
import dev.assay.config.MoeConfig;
import dev.assay.engine.Tap;
import dev.assay.mutants.interpret.Call;
import dev.assay.mutants.interpret.Choice;
import dev.assay.mutants.interpret.Gain;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.QkNorm;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import dev.assay.plan.Temperature;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import tools.jackson.databind.node.ArrayNode;

/// Llama 4.
final class Llama4 {
    private static final Set<Architecture> ONLY = EnumSet.of(Architecture.LLAMA_4);

    private Llama4() {}

    static List<Mutant> mutants() {
        Expected experts = firstOf(Tap.FEED_FORWARD, Llama4::routes);
        return List.of(
                new Mutant(
                        "L01",
                        "QK-norm over all heads at once",
                        "vLLM PR #16311 (MMLU-Pro 0.6858 to 0.7153)",
                        ONLY,
                        new Mutation.OfOperations(Edits.with(Llama4::normalises), () -> new Operations() {
                            @Override
                            public double[][] heads(
                                    GroupedQueryAttention attention,
                                    Gain gain,
                                    double[] projected,
                                    Call call,
                                    int position) {
                                double[][] turned = each(
                                        split(projected, attention.headDim()),
                                        head -> rotate(attention.rotary(), head, position));
                                if (attention.qkNorm() instanceof QkNorm.None) {
                                    return turned;
                                }
                                double[] all = Arrays.stream(turned)
                                        .flatMapToDouble(Arrays::stream)
                                        .toArray();
                                return split(norm(gain, all), attention.headDim());
                            }
                        }),
                        firstOf(Tap.CONTEXT, Llama4::normalises)),
                new Mutant(
                        "L02",
                        "router's score multiplies an expert's output, not its input",
                        "sglang PR #7889, #22654, #34192; TRT-LLM PR #3492; vLLM #16744, #16801; llm-compressor PR #1907",
                        ONLY,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public double[] weighted(
                                    Router router, UnaryOperator<double[]> expert, double weight, double[] x) {
                                return scaled(expert.apply(x), weight);
                            }
                        }),
                        experts),
                new Mutant(
                        "L03a",
                        "softmax over experts in place of the sigmoid",
                        "LLMPlayer",
                        ONLY,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public Choice route(Router router, double[] logits, double[] bias) {
                                double[] scores = softmax(logits);
                                int[] chosen = best(logits, router.topK());
                                return new Choice(
                                        chosen,
                                        Arrays.stream(chosen)
                                                .mapToDouble(e -> scores[e])
                                                .toArray());
                            }
                        }),
                        experts),
                new Mutant(
                        "L03b",
                        "scores of the chosen made to sum to 1",
                        "LLMPlayer",
                        ONLY,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public Choice route(Router router, double[] logits, double[] bias) {
                                Choice right = super.route(router, logits, bias);
                                double sum = Arrays.stream(right.weights()).sum();
                                return new Choice(right.experts(), over(right.weights(), sum));
                            }
                        }),
                        experts),
                new Mutant(
                        "L04a",
                        "temperature of attention off",
                        "vLLM #16417, PR #16439; maxtext #1611, #1642",
                        ONLY,
                        new Mutation.OfPlan(
                                Edits.groupedQuery(attention -> Edits.with(attention, new Temperature.None()))),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L04b",
                        "temperature of attention on layers with rotary too",
                        "vLLM #16417, PR #16439; maxtext #1611, #1642",
                        ONLY,
                        new Mutation.OfPlan(Edits.layers(Llama4::heated)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L05",
                        "temperature by floor(position / step), not floor((position + 1) / step)",
                        "llama.cpp llama-graph.cpp:168 (an offset by architecture)",
                        ONLY,
                        new Mutation.OfOperations(Edits.with(Llama4::heats), () -> new Operations() {
                            @Override
                            public double temperature(Temperature temperature, int position) {
                                return position == 0 ? 1 : super.temperature(temperature, position - 1);
                            }
                        }),
                        firstOf(Tap.CONTEXT, Llama4::heats)),
                new Mutant(
                        "L06a",
                        "chunks masked as a sliding window",
                        "HF #37351; vllm-gaudi #881; ferrox PR #255",
                        ONLY,
                        new Mutation.OfPlan(chunks(Mask.SlidingWindow::new)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L06b",
                        "chunks ignored",
                        "HF #37351; vllm-gaudi #881; ferrox PR #255",
                        ONLY,
                        new Mutation.OfPlan(chunks(_ -> new Mask.Causal())),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L07a",
                        "layers with and without rotary exchanged",
                        "HF PR #37344; maxtext #1642",
                        ONLY,
                        new Mutation.OfPlan(Rotaries.inverted()),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L07b",
                        "every fourth layer without rotary, whatever the file says",
                        "HF PR #37344; maxtext #1642",
                        ONLY,
                        new Mutation.OfPlan(Edits.layers((plan, i, layer) -> Edits.withRotary(
                                layer, (i + 1) % 4 == 0 ? new Rotary.None() : Edits.rotaryOf(plan, _ -> true)))),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L08",
                        "where every layer has rotary, the last one loses it",
                        "llama.cpp src/models/llama4.cpp:11 and :145, read at 3f545becc, not run",
                        ONLY,
                        new Mutation.OfPlan(plan -> plan.layers().stream().allMatch(Edits::turns)
                                ? Edits.layers((_, i, layer) ->
                                                i == plan.layers().size() - 1
                                                        ? Edits.withRotary(layer, new Rotary.None())
                                                        : layer)
                                        .apply(plan)
                                : plan),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L09a",
                        "QK-norm absent",
                        "reference llama4.cpp:182",
                        ONLY,
                        new Mutation.OfPlan(Edits.groupedQuery(attention -> Edits.with(attention, new QkNorm.None()))),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L09b",
                        "QK-norm on layers without rotary too",
                        "reference llama4.cpp:182",
                        ONLY,
                        new Mutation.OfPlan(Edits.layers(Llama4::normed)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L10",
                        "the other pairing of rotary dimensions: halves for neighbours, or the reverse",
                        "HF #25199 (class)",
                        EnumSet.of(
                                Architecture.LLAMA_4,
                                Architecture.LLAMA_3,
                                Architecture.MISTRAL_7B,
                                Architecture.MISTRAL_SMALL_3_1,
                                Architecture.OLMO_2,
                                Architecture.SMOLLM_3),
                        new Mutation.OfPlan(Edits.rotary(Edits::swapped)),
                        whereChanged(Tap.CONTEXT)),
                new Mutant(
                        "L11",
                        "interleave_moe_layer_step one off: experts in the layer before",
                        "class of bug (Maverick: 2)",
                        ONLY,
                        new Mutation.OfConfig((right, json) -> {
                            List<Integer> layers = right instanceof MoeConfig moe ? moe.moeLayers() : List.of();
                            if (layers.size() < right.numHiddenLayers()) {
                                ArrayNode before = json.putArray("moe_layers");
                                layers.stream()
                                        .map(i -> i - 1)
                                        .filter(i -> i >= 0)
                                        .forEach(before::add);
                            }
                        }),
                        refused()));
    }

    private static Layer heated(DecoderPlan plan, int index, Layer layer) {
        Temperature temperature = plan.layers().stream()
                .filter(Llama4::heats)
                .map(heated -> ((GroupedQueryAttention) heated.mixer()).temperature())
                .findFirst()
                .orElse(new Temperature.None());
        return layer.mixer() instanceof GroupedQueryAttention attention && Edits.turns(layer)
                ? Edits.with(layer, Edits.with(attention, temperature))
                : layer;
    }

    private static Layer normed(DecoderPlan plan, int index, Layer layer) {
        QkNorm norm = plan.layers().stream()
                .filter(Llama4::normalises)
                .map(normed -> ((GroupedQueryAttention) normed.mixer()).qkNorm())
                .findFirst()
                .orElse(new QkNorm.None());
        return layer.mixer() instanceof GroupedQueryAttention attention && !Edits.turns(layer)
                ? Edits.with(layer, Edits.with(attention, norm))
                : layer;
    }

    private static UnaryOperator<DecoderPlan> chunks(IntFunction<Mask> mask) {
        return Edits.groupedQuery(attention -> attention.mask() instanceof Mask.Chunked(int size)
                ? Edits.with(attention, mask.apply(size))
                : attention);
    }

    private static boolean routes(Layer layer) {
        return layer.feedForward() instanceof MixtureOfExperts;
    }

    private static boolean heats(Layer layer) {
        return layer.mixer() instanceof GroupedQueryAttention attention
                && attention.temperature() instanceof Temperature.LogarithmOfPosition;
    }

    private static boolean normalises(Layer layer) {
        return layer.mixer() instanceof GroupedQueryAttention attention
                && attention.qkNorm() instanceof QkNorm.UnweightedAfterRotary;
    }
}
