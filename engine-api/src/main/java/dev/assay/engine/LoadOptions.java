package dev.assay.engine;

/// How a model is loaded.
///
/// @param threads worker threads the engine may use, at least 1; an engine that ignores it says so in [Execution]
public record LoadOptions(int threads) {
    public LoadOptions {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, found: " + threads);
        }
    }

    /// One thread.
    public static LoadOptions defaults() {
        return new LoadOptions(1);
    }
}
