package dev.assay.perf.compare;

import dev.assay.report.Change;
import dev.assay.report.Comparison;
import dev.assay.report.Interval;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Verdicts on metrics of which more is better, from runs that alternate.
///
/// | the interval of candidate / baseline | verdict |
/// |---|---|
/// | within the margin around 1 | `EQUIVALENT` |
/// | else below 1 | `SLOWER` |
/// | else above 1 | `FASTER` |
/// | else | `INCONCLUSIVE` |
///
/// A comparison of the baseline with itself stands beside it. If that finds a change, the machine was not fit to
/// measure, and every verdict is `INCONCLUSIVE`.
///
public final class Comparisons {
    /// Changes smaller than this share are none.
    public static final double MARGIN = 0.03;
    /// Of all verdicts together.
    public static final double CONFIDENCE = 0.95;
    /// What the controls compare.
    public static final String CONTROL = "baseline / itself";

    private Comparisons() {}

    /// Compares every metric.
    ///
    /// @param blocks of each metric
    /// @param margin changes smaller than this share are none
    /// @param noise why the machine was not fit to measure; null if it was
    public static List<Comparison> of(Map<String, List<Block>> blocks, double margin, @Nullable String noise) {
        double confidence = confidence(blocks.size());
        Map<String, Interval> ratios = new TreeMap<>();
        Map<String, Interval> controls = new TreeMap<>();
        blocks.forEach((metric, own) -> {
            ratios.put(
                    metric,
                    Bootstrap.ratio(
                            own.stream()
                                    .map(block -> new Bootstrap.Pair(
                                            concatenation(block.baseline(), block.again()), block.candidate()))
                                    .toList(),
                            confidence));
            controls.put(
                    metric,
                    Bootstrap.ratio(
                            own.stream()
                                    .map(block -> new Bootstrap.Pair(block.baseline(), block.again()))
                                    .toList(),
                            confidence));
        });
        String found = noise;
        for (Map.Entry<String, Interval> control : controls.entrySet()) {
            Change change = change(control.getValue(), margin);
            if (found == null && (change == Change.FASTER || change == Change.SLOWER)) {
                found = "the baseline differs from itself in " + control.getKey();
            }
        }
        String reason = found;
        return ratios.entrySet().stream()
                .map(entry -> new Comparison(
                        entry.getKey(),
                        reason == null ? change(entry.getValue(), margin) : Change.INCONCLUSIVE,
                        entry.getValue(),
                        controls.getOrDefault(entry.getKey(), entry.getValue()),
                        reason,
                        null))
                .toList();
    }

    /// Of the interval of one among so many metrics. Bonferroni: among many one would look changed by chance.
    static double confidence(int metrics) {
        return 1 - (1 - CONFIDENCE) / Math.max(1, metrics);
    }

    /// What an interval alone says.
    static Change change(Interval ratio, double margin) {
        if (ratio.low() >= 1 / (1 + margin) && ratio.high() <= 1 + margin) {
            return Change.EQUIVALENT;
        }
        if (ratio.high() < 1) {
            return Change.SLOWER;
        }
        return ratio.low() > 1 ? Change.FASTER : Change.INCONCLUSIVE;
    }

    private static List<double[]> concatenation(List<double[]> first, List<double[]> second) {
        return java.util.stream.Stream.concat(first.stream(), second.stream()).toList();
    }
}
