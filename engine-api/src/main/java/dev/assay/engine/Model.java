package dev.assay.engine;

/// A loaded model. Not thread-safe unless the engine says otherwise; sessions share its weights.
public interface Model extends AutoCloseable {
    /// Opens a session with an empty context.
    Session newSession(SessionOptions options);

    /// Memory the model holds and the cache will need.
    Footprint footprint();

    /// What really runs: backend, vector width, threads and the decisions taken while loading.
    Execution execution();

    /// Frees what the model holds. Sessions must be closed before. Closing twice has no effect.
    @Override
    void close();
}
