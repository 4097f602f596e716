package dev.assay.conformance.suite;

import dev.assay.conformance.compare.ShapeMismatchException;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/// Keeps a copy of every tap and every routed expert of a session, over all its calls.
final class TapRecorder implements TapListener {
    private final Map<TapPoint, List<float[]>> rows = new TreeMap<>();
    private final Map<Integer, List<int[]>> experts = new TreeMap<>();

    @Override
    public void on(TapPoint point, float[][] values) {
        List<float[]> kept = rows.computeIfAbsent(point, _ -> new ArrayList<>());
        for (float[] row : values) {
            kept.add(row.clone());
        }
    }

    @Override
    public void onRoutedExperts(int layer, int[][] ids) {
        List<int[]> kept = experts.computeIfAbsent(layer, _ -> new ArrayList<>());
        for (int[] row : ids) {
            kept.add(row.clone());
        }
    }

    /// Everything recorded at a place, `[T][width]`.
    ///
    /// @throws ShapeMismatchException if the engine reported nothing there
    float[][] rows(TapPoint point) {
        List<float[]> kept = rows.get(point);
        if (kept == null) {
            throw new ShapeMismatchException("declared taps, reported nothing at " + point);
        }
        return kept.toArray(float[][]::new);
    }

    /// Layers at which the engine reported experts.
    Set<Integer> routedLayers() {
        return experts.keySet();
    }

    /// The experts of every token at a layer, `[T][k]`.
    ///
    /// @throws ShapeMismatchException if the engine reported none there
    int[][] experts(int layer) {
        List<int[]> kept = experts.get(layer);
        if (kept == null) {
            throw new ShapeMismatchException("declared routed experts, reported none at layer " + layer);
        }
        return kept.toArray(int[][]::new);
    }
}
