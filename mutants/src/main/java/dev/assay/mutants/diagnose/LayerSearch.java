package dev.assay.mutants.diagnose;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.conformance.compare.Budget;
import dev.assay.conformance.compare.Difference;
import dev.assay.conformance.compare.Judge;
import dev.assay.conformance.compare.Scale;
import dev.assay.engine.Engine;
import dev.assay.engine.Support;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.mutants.diagnose.LeadingLayers.Half;
import dev.assay.mutants.interpret.LayerReplay;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.plan.planner.Planners;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Finds where an engine without taps goes wrong, by models of the first layers: right up to one depth, wrong at the
/// next. Depths are bisected, so that a model of L layers takes about 2 + log2(L) models.
///
/// What such a model computes is not in the golden. The plan interpreter says it, in double, once it has shown on the
/// whole model that it computes what the oracle did. The budget is that of the whole model's logits, in proportion to
/// their standard deviation: fewer layers round less.
public final class LayerSearch implements AutoCloseable {
    private static final Engine RIGHT = new PlanInterpreter();

    private final GoldenCase golden;
    private final Checkpoint whole;
    private final List<Depth> depths;
    private final Budget budget;
    private final double deviation;

    /// What parts of the model compute, as far as it was needed.
    private final Map<Depth, Optional<Signature>> expected = new HashMap<>();

    /// Opens the case's checkpoint.
    public LayerSearch(GoldenCase golden) {
        this.golden = golden;
        this.whole = golden.weights().open();
        this.depths = depths(golden);
        this.budget = Judge.of(golden).budget(TapPoint.LOGITS);
        this.deviation =
                Scale.of(List.<double[][]>of(golden.longestPrompt().logits())).deviation();
    }

    /// What a search found.
    public sealed interface Found {
        /// A half of a layer: all layers before it, and its other half if that comes first, are right.
        record InHalf(int layer, Half half) implements Found {}

        /// A layer; which half of it cannot be told.
        record InLayer(int layer) implements Found {}

        /// The first layer, or what a model has without any layer; which cannot be told.
        record InFirstLayerOrOutside() implements Found {}

        /// The embedding, the final norm or the head: it is wrong without any layer.
        record Outside() implements Found {}

        /// Not found.
        record Nothing(String reason) implements Found {}
    }

    /// A model of the first layers.
    ///
    /// @param silenced halves that its last layer is without
    /// @param adds where an engine is wrong that is right at the depth before
    private record Depth(int layers, Set<Half> silenced, Found adds) {}

    /// Searches an engine that fails the case.
    public Found search(Engine engine) {
        try {
            Signature oracle = Signature.ofOracle(golden);
            if (!expected(depths.getLast())
                    .map(right -> isAllowed(right, oracle))
                    .orElse(false)) {
                return new Found.Nothing("nothing here computes what a part of this model should");
            }
            if (Signature.of(engine, golden).map(all -> isAllowed(all, oracle)).orElse(true)) {
                return new Found.Nothing("the longest prompt by itself does not show the fault");
            }
            int rightAt = -1;
            int wrongAt = depths.size() - 1;
            while (wrongAt - rightAt > 1) {
                int middle = (rightAt + wrongAt) / 2;
                GoldenCase part = part(depths.get(middle));
                if (engine.supports(part.config()) instanceof Support.Unsupported(String reason)) {
                    return new Found.Nothing("it cannot run " + part.id() + ": " + reason);
                }
                Signature right = expected(depths.get(middle)).orElseThrow();
                Optional<Signature> actual = Signature.of(engine, part);
                if (actual.isEmpty()) {
                    return new Found.Nothing("it returned no logits for " + part.id());
                }
                if (isAllowed(actual.get(), right)) {
                    rightAt = middle;
                } else {
                    wrongAt = middle;
                }
            }
            return depths.get(wrongAt).adds();
        } catch (RuntimeException | LinkageError e) {
            // What the engine throws is an outcome of the suite's; here it only means that nothing can be said.
            return new Found.Nothing(String.valueOf(e.getMessage()));
        }
    }

    private Optional<Signature> expected(Depth depth) {
        return expected.computeIfAbsent(depth, missing -> Signature.of(RIGHT, part(missing)));
    }

    /// From the shallowest to the whole model.
    private static List<Depth> depths(GoldenCase golden) {
        // A layer of several residual streams adds more to them than its two halves.
        boolean inHalves = LayerReplay.isPossible(Planners.plan(golden.config()));
        List<Depth> depths = new ArrayList<>();
        if (inHalves) {
            depths.add(new Depth(1, Set.of(Half.ATTENTION, Half.FEED_FORWARD), new Found.Outside()));
        }
        for (int i = 0; i < golden.config().numHiddenLayers(); i++) {
            if (inHalves) {
                depths.add(new Depth(i + 1, Set.of(Half.FEED_FORWARD), new Found.InHalf(i, Half.ATTENTION)));
                depths.add(new Depth(i + 1, Set.of(), new Found.InHalf(i, Half.FEED_FORWARD)));
            } else {
                depths.add(
                        new Depth(i + 1, Set.of(), i == 0 ? new Found.InFirstLayerOrOutside() : new Found.InLayer(i)));
            }
        }
        return depths;
    }

    /// The case with a part of its model, and with nothing to compare that to.
    private GoldenCase part(Depth depth) {
        LeadingLayers model = LeadingLayers.of(whole, depth.layers(), depth.silenced());
        ModelConfig config = model.config();
        return new GoldenCase(
                "a model of the first " + config.numHiddenLayers() + " layers",
                golden.source(),
                config,
                config.toJson(),
                golden.oracle(),
                golden.notes(),
                List.of(golden.longestPrompt()),
                Map.of(),
                golden.sha256(),
                () -> model);
    }

    private boolean isAllowed(Signature actual, Signature right) {
        double[][] logits = right.toDoubles(); // [2 · T][V]
        Difference difference =
                Difference.measure(TapPoint.LOGITS, golden.longestPrompt().id(), logits, actual.logits());
        double share = Scale.of(List.<double[][]>of(logits)).deviation() / deviation;
        return new Budget(share * budget.rms(), share * budget.max(), budget.yardstick()).allows(difference);
    }

    @Override
    public void close() {
        whole.close();
    }
}
