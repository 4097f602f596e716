package dev.assay.perf.run;

import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;

/// Counts the routed experts that tokens really went to.
final class ExpertCounter implements TapListener {
    private final Map<Integer, Count> byLayer = new TreeMap<>();

    /// Of a layer.
    private record Count(long tokens, long experts) {
        Count plus(Count other) {
            return new Count(tokens + other.tokens, experts + other.experts);
        }
    }

    @Override
    public void on(TapPoint point, float[][] rows) {}

    @Override
    public void onRoutedExperts(int layer, int[][] experts) {
        long distinct = 0;
        for (int[] chosen : experts) {
            distinct += Arrays.stream(chosen).distinct().count();
        }
        byLayer.merge(layer, new Count(experts.length, distinct), Count::plus);
    }

    /// Whether an engine has reported any.
    boolean hasCounted() {
        return !byLayer.isEmpty();
    }

    /// Experts that a token went to, over all layers: the mean over the tokens.
    double perToken() {
        return byLayer.values().stream()
                .mapToDouble(count -> (double) count.experts() / count.tokens())
                .sum();
    }
}
