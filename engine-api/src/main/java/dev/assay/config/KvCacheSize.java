package dev.assay.config;

/// Arithmetic of [ModelConfig#kvCacheElements].
final class KvCacheSize {
    private KvCacheSize() {}

    /// Layers that all keep every position.
    ///
    /// @param perPosition numbers kept for each position in one layer
    static long uniform(int layers, long perPosition, int positions) {
        if (positions < 0) {
            throw new IllegalArgumentException("positions: found " + positions + ", expected at least 0");
        }
        return Math.multiplyExact(Math.multiplyExact((long) layers, perPosition), (long) positions);
    }
}
