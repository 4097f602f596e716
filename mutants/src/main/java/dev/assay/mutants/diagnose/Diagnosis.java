package dev.assay.mutants.diagnose;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.conformance.compare.Difference;
import dev.assay.conformance.compare.Judge;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.mutants.interpret.LayerReplay;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.planner.Planners;
import dev.assay.report.Divergence;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.stream.Collectors;

/// What can be said of an engine that failed a case, beyond what the check says.
///
/// @param firstDivergence the first place over budget; of an engine without taps, with the layer where that was found
/// @param text a line or a few: what computes that place, which parts are at fault themselves and not by what they were
///     given, and the known bugs that it looks like
public record Diagnosis(Divergence firstDivergence, String text) {
    /// Weights of a model beyond which it is not computed again and again in double: some seconds.
    private static final long MOST_ELEMENTS = 4_000_000;

    /// Diagnoses an engine.
    ///
    /// @param divergence the first place over budget that a check saw
    public static Diagnosis of(Engine engine, GoldenCase golden, Divergence divergence) {
        if (!has(engine, golden, Capability.FULL_LOGITS)) {
            return new Diagnosis(
                    divergence,
                    "the engine reports neither taps nor full logits: where it goes wrong, and by which bug, is not known");
        }
        boolean large = elements(golden) > MOST_ELEMENTS;
        Divergence first = divergence;
        List<String> sentences = new ArrayList<>();
        if (has(engine, golden, Capability.TAPS)) {
            DecoderPlan plan = Planners.plan(golden.config());
            sentences.add(TapPoint.parse(divergence.tap()) + " comes of "
                    + operation(TapPoint.parse(divergence.tap()), plan) + head(divergence, plan));
            List<String> faulty = large ? List.of() : faultyParts(engine, golden, plan);
            if (!faulty.isEmpty()) {
                sentences.add("wrong by themselves, given their own inputs: " + String.join(", ", faulty));
            }
        } else {
            LayerSearch.Found found =
                    large ? new LayerSearch.Found.Nothing("the model is large") : search(engine, golden);
            sentences.add("the engine reports no taps; " + describe(found));
            first = layer(found).isPresent() ? divergence.inLayer(layer(found).getAsInt()) : divergence;
        }
        if (large) {
            sentences.add("not compared with known bugs, as the model is large");
            return new Diagnosis(first, String.join("\n", sentences));
        }
        List<Likeness> likenesses = Lookalikes.rank(engine, golden);
        if (likenesses.isEmpty()) {
            sentences.add("looks like no known bug");
        }
        likenesses.stream().limit(3).map(Diagnosis::describe).forEach(sentences::add);
        return new Diagnosis(first, String.join("\n", sentences));
    }

    private static boolean has(Engine engine, GoldenCase golden, Capability capability) {
        return engine.supports(golden.config()) instanceof Support.Supported(var capabilities)
                && capabilities.contains(capability);
    }

    private static LayerSearch.Found search(Engine engine, GoldenCase golden) {
        try (LayerSearch search = new LayerSearch(golden)) {
            return search.search(engine);
        }
    }

    private static OptionalInt layer(LayerSearch.Found found) {
        return switch (found) {
            case LayerSearch.Found.InHalf half -> OptionalInt.of(half.layer());
            case LayerSearch.Found.InLayer(int layer) -> OptionalInt.of(layer);
            case LayerSearch.Found.InFirstLayerOrOutside _, LayerSearch.Found.Outside _, LayerSearch.Found.Nothing _ ->
                OptionalInt.empty();
        };
    }

    private static String describe(LayerSearch.Found found) {
        return switch (found) {
            case LayerSearch.Found.InHalf(int layer, LeadingLayers.Half half) ->
                "models of its first layers are right before the " + half.title() + " of layer " + layer
                        + " and wrong with it";
            case LayerSearch.Found.InLayer(int layer) ->
                "models of its first layers are right before layer " + layer
                        + " and wrong with it; which half of it cannot be told";
            case LayerSearch.Found.InFirstLayerOrOutside _ ->
                "a model of its first layer alone is wrong: that layer, the embedding, the final norm or the head";
            case LayerSearch.Found.Outside _ ->
                "a model whose only layer adds nothing is wrong: the embedding, the final norm or the head";
            case LayerSearch.Found.Nothing(String reason) ->
                "models of its first layers do not tell where it goes wrong: " + reason;
        };
    }

    private static String describe(Likeness likeness) {
        return String.format(
                Locale.ROOT,
                "looks like %s: %s (explains %.4f %% of the error; %s)",
                likeness.mutant().id(),
                likeness.mutant().title(),
                100 * likeness.explained(),
                likeness.mutant().evidence());
    }

    /// What is computed between a tap and the one before it.
    private static String operation(TapPoint point, DecoderPlan plan) {
        int layers = plan.layers().size();
        return switch (point.tap()) {
            case HIDDEN -> {
                if (point.layer() == 0) {
                    yield "the embedding and its scale";
                }
                yield point.layer() == layers
                        ? "the last layer's residual and the final norm"
                        : "the norm behind the feed-forward of layer " + (point.layer() - 1) + " and the residual";
            }
            case ATTENTION_INPUT -> "the norm before attention";
            case CONTEXT -> "projections of queries, keys and values, their norms, rotary, mask, scale and softmax";
            case ATTENTION -> "the output projection";
            case FEED_FORWARD_INPUT -> "the residual and the norms around it";
            case ROUTER_LOGITS -> "the router's matrix";
            case FEED_FORWARD -> "the MLP, or the choice of experts, their weights and the experts";
            case LOGITS -> "the head and its bound";
        };
    }

    /// The head of the largest difference, where heads stand side by side.
    private static String head(Divergence divergence, DecoderPlan plan) {
        TapPoint point = TapPoint.parse(divergence.tap());
        if (point.tap() != Tap.CONTEXT) {
            return "";
        }
        int width = switch (plan.layers().get(point.layer()).mixer()) {
            case GroupedQueryAttention attention -> attention.headDim();
            case LatentAttention attention -> attention.valueHeadDim();
        };
        return ", most in head " + divergence.channel() / width + " at channel " + divergence.channel() % width;
    }

    private static long elements(GoldenCase golden) {
        try (Checkpoint checkpoint = golden.weights().open()) {
            return checkpoint.tensors().stream().mapToLong(TensorInfo::elements).sum();
        }
    }

    /// The parts that, given what the engine itself gives them, do not compute what they should: a cause each,
    /// where all else is consequence. Empty where taps do not tell.
    public static List<String> faultyParts(Engine engine, GoldenCase golden, DecoderPlan plan) {
        if (!LayerReplay.isPossible(plan) || !has(engine, golden, Capability.TAPS)) {
            return List.of();
        }
        GoldenPrompt prompt = golden.longestPrompt();
        Map<TapPoint, float[][]> taps = new TreeMap<>();
        List<String> faulty = new ArrayList<>();
        try (Checkpoint checkpoint = golden.weights().open()) {
            try (Model model = engine.load(checkpoint, LoadOptions.defaults());
                    Session session = model.newSession(SessionOptions.ofContext(prompt.tokens().length)
                            .withTaps((point, rows) -> taps.merge(point, copy(rows), Diagnosis::joined)))) {
                // What is returned, whatever the tap of it says.
                switch (session.prefill(prompt.tokens())) {
                    case Prediction.Logits(float[][] values) -> taps.put(TapPoint.LOGITS, copy(values));
                    case Prediction.TopLogProbabilities _, Prediction.GreedyTokens _ -> taps.remove(TapPoint.LOGITS);
                }
            }
            LayerReplay right = new LayerReplay(plan, checkpoint);
            Judge judge = Judge.of(golden);
            int layers = plan.layers().size();
            TapPoint first = TapPoint.of(Tap.HIDDEN, 0);
            float[][] embedded = taps.get(first);
            double[][] oracle = prompt.taps().get(first);
            if (embedded != null && oracle != null && differs(judge, first, prompt, oracle, embedded)) {
                faulty.add("embedding");
            }
            List<Integer> faultyLayers = new ArrayList<>();
            for (int i = 0; i < layers; i++) {
                float[][] input = taps.get(TapPoint.of(Tap.HIDDEN, i));
                TapPoint point = TapPoint.of(Tap.HIDDEN, i + 1);
                float[][] output = taps.get(point);
                if (input != null && output != null) {
                    double[][] replayed = right.layer(i, Signature.doubles(input));
                    double[][] expected = i == layers - 1 ? right.finalNorm(replayed) : replayed;
                    if (differs(judge, point, prompt, expected, output)) {
                        faultyLayers.add(i);
                    }
                }
            }
            if (!faultyLayers.isEmpty()) {
                faulty.add(
                        faultyLayers.size() == layers
                                ? "every layer"
                                : (faultyLayers.size() == 1 ? "layer " : "layers ")
                                        + faultyLayers.stream()
                                                .map(String::valueOf)
                                                .collect(Collectors.joining(" ")));
            }
            float[][] normed = taps.get(TapPoint.of(Tap.HIDDEN, layers));
            float[][] logits = taps.get(TapPoint.LOGITS);
            if (normed != null
                    && logits != null
                    && differs(judge, TapPoint.LOGITS, prompt, right.logits(Signature.doubles(normed)), logits)) {
                faulty.add("head");
            }
        } catch (RuntimeException | LinkageError e) {
            // What the engine throws is an outcome of the suite's; here it only means that nothing can be said.
            return List.of();
        }
        return faulty;
    }

    private static boolean differs(
            Judge judge, TapPoint point, GoldenPrompt prompt, double[][] expected, float[][] actual) {
        Difference difference = Difference.measure(point, prompt.id(), expected, actual);
        return !judge.judge(List.of(difference)).passes();
    }

    private static float[][] copy(float[][] rows) {
        float[][] copy = new float[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            copy[t] = rows[t].clone();
        }
        return copy;
    }

    private static float[][] joined(float[][] one, float[][] other) {
        float[][] joined = Arrays.copyOf(one, one.length + other.length);
        System.arraycopy(other, 0, joined, one.length, other.length);
        return joined;
    }
}
