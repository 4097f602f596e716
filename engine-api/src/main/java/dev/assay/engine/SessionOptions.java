package dev.assay.engine;

/// How a session behaves.
///
/// @param maxContext positions the session must be able to hold, at least 1
/// @param logits the positions whose predictions [Session#prefill] returns
/// @param taps receives intermediate values; [TapListener#NONE] to receive nothing
/// @param results how long predictions must stay as they are
public record SessionOptions(int maxContext, LogitsScope logits, TapListener taps, ResultLifetime results) {
    public SessionOptions {
        if (maxContext < 1) {
            throw new IllegalArgumentException("maxContext must be at least 1, found: " + maxContext);
        }
    }

    /// Every position's logits, no taps, results that stay.
    public static SessionOptions ofContext(int maxContext) {
        return new SessionOptions(maxContext, LogitsScope.ALL_POSITIONS, TapListener.NONE, ResultLifetime.UNLIMITED);
    }

    public SessionOptions withLogits(LogitsScope scope) {
        return new SessionOptions(maxContext, scope, taps, results);
    }

    public SessionOptions withTaps(TapListener listener) {
        return new SessionOptions(maxContext, logits, listener, results);
    }

    public SessionOptions withResults(ResultLifetime lifetime) {
        return new SessionOptions(maxContext, logits, taps, lifetime);
    }
}
