package dev.assay.engine;

/// How a model is loaded.
///
/// @param threads worker threads the engine may use, at least 1; an engine that ignores it says so in [Execution]
/// @param kvCache number format of the cache; an engine without it throws [UnsupportedModelException] when loading
public record LoadOptions(int threads, KvCacheType kvCache) {
    public LoadOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, found: " + threads);
        }
    }

    /// One thread, a cache of float32.
    public static LoadOptions defaults() {
        return ofThreads(1);
    }

    /// A cache of float32.
    public static LoadOptions ofThreads(int threads) {
        return new LoadOptions(threads, KvCacheType.FLOAT32);
    }
}
