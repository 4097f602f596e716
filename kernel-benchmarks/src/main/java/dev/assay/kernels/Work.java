package dev.assay.kernels;

/// What a call has to do by formula, whoever does it: kernel and twin have the same.
///
/// @param bytes of operands and results, each counted once
/// @param flops floating-point operations, a multiplication and an addition counted as two
/// @param operands where they lie
record Work(long bytes, long flops, Operands operands) {
    enum Operands {
        /// In memory: the time is bounded by reading them and by computing.
        IN_MEMORY,
        /// In the caches of a core, call after call: the time is bounded by computing.
        IN_CACHE
    }

    static Work inMemory(long bytes, long flops) {
        return new Work(bytes, flops, Operands.IN_MEMORY);
    }

    static Work inCache(long bytes, long flops) {
        return new Work(bytes, flops, Operands.IN_CACHE);
    }

    /// The least time that a call can take, in seconds.
    ///
    /// @param bytesPerSecond that the machine reads
    /// @param flopsPerSecond that it computes
    double bound(double bytesPerSecond, double flopsPerSecond) {
        double computing = flops / flopsPerSecond;
        return switch (operands) {
            case IN_MEMORY -> Math.max(bytes / bytesPerSecond, computing);
            case IN_CACHE -> computing;
        };
    }
}
