package dev.assay.mutants.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Keys and values of one layer, by position: `[heads][d]` each. Latent attention caches one head, the normalised
/// latent as its value and the turned key.
public final class LayerCache {
    private final List<double[][]> keys = new ArrayList<>();
    private final List<double[][]> values = new ArrayList<>();

    void append(double[][] key, double[][] value) {
        keys.add(key);
        values.add(value);
    }

    /// Positions cached.
    public int length() {
        return keys.size();
    }

    double[] key(int position, int head) {
        return keys.get(position)[head];
    }

    double[] value(int position, int head) {
        return values.get(position)[head];
    }

    /// Takes over what another layer has cached.
    public void copyFrom(LayerCache other) {
        keys.clear();
        keys.addAll(other.keys);
        values.clear();
        values.addAll(other.values);
    }

    public void clear() {
        keys.clear();
        values.clear();
    }

    /// Makes every number 0, as in a cache that was only just allocated.
    public void zero() {
        keys.replaceAll(LayerCache::zeros);
        values.replaceAll(LayerCache::zeros);
    }

    private static double[][] zeros(double[][] heads) {
        return Arrays.stream(heads).map(head -> new double[head.length]).toArray(double[][]::new);
    }
}
