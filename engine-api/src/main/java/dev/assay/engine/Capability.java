package dev.assay.engine;

/// An ability that an engine declares and the suites then rely on.
public enum Capability {
    /// [Session#prefill] and [Session#decode] return [Prediction.Logits]: the only evidence that can certify
    /// conformance.
    FULL_LOGITS,
    /// They return [Prediction.TopLogProbabilities].
    TOP_LOG_PROBABILITIES,
    /// They return [Prediction.GreedyTokens].
    GREEDY_TOKENS,
    /// Predictions for every position of a prefill, not just the last ([LogitsScope#ALL_POSITIONS]).
    ALL_POSITIONS,
    /// [SessionOptions#taps] receives intermediate values.
    TAPS,
    /// [TapListener#onRoutedExperts] is called for every mixture-of-experts layer.
    ROUTED_EXPERTS,
    /// A prompt may be given in several [Session#prefill] calls.
    CHUNKED_PREFILL,
    /// Several sessions of a model may be open and used in turn.
    CONCURRENT_SESSIONS,
    /// [Session#kvCacheBytes] counts the bytes really held.
    KV_CACHE_BYTES
}
