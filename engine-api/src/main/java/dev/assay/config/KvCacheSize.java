package dev.assay.config;

import java.util.List;

/// Arithmetic of [ModelConfig#kvCacheElements].
final class KvCacheSize {
    private KvCacheSize() {}

    /// Layers that all keep every position.
    ///
    /// @param perPosition numbers kept for each position in one layer
    static long uniform(int layers, long perPosition, int positions) {
        return Math.multiplyExact(Math.multiplyExact((long) layers, perPosition), (long) checked(positions));
    }

    /// Layers that keep what their last query sees.
    ///
    /// @param span positions in a window or a chunk
    /// @param perPosition numbers kept for each position in one layer
    static long perLayer(List<AttentionType> layerTypes, int span, long perPosition, int positions) {
        checked(positions);
        long kept = 0;
        for (AttentionType type : layerTypes) {
            kept += switch (type) {
                case FULL -> positions;
                case SLIDING -> Math.min(positions, span);
                case CHUNKED -> positions == 0 ? 0 : (positions - 1) % span + 1;
            };
        }
        return Math.multiplyExact(kept, perPosition);
    }

    private static int checked(int positions) {
        if (positions < 0) {
            throw new IllegalArgumentException("positions: found " + positions + ", expected at least 0");
        }
        return positions;
    }
}
