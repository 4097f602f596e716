package dev.assay.engine;

/// One sequence being extended: its tokens so far and its KV cache. Used from one thread.
public interface Session extends AutoCloseable {
    /// Appends `tokens` (at least one) and returns a row of predictions for each of them, or for the last one only,
    /// as [SessionOptions#logits] asks. May be called again to append further chunks if the engine declares
    /// [Capability#CHUNKED_PREFILL]. How long the result stays as it is says [SessionOptions#results].
    ///
    /// @throws IllegalArgumentException if `tokens` is empty, an id is outside the vocabulary, or the context is
    ///     full
    /// @throws IllegalStateException if the session is closed
    Prediction prefill(int[] tokens);

    /// Appends one token and returns one row of predictions.
    ///
    /// @throws IllegalArgumentException if the id is outside the vocabulary or the context is full
    /// @throws IllegalStateException if the session is closed
    Prediction decode(int token);

    /// Positions appended so far.
    int length();

    /// Bytes of keys, values or latents really held for the positions so far: counted, not computed from the
    /// configuration. Room reserved for positions not yet appended does not count.
    long kvCacheBytes();

    /// Forgets everything appended: the session behaves as a new one.
    void reset();

    /// Frees the cache. Closing twice has no effect.
    @Override
    void close();
}
