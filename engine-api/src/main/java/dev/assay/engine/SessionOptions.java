package dev.assay.engine;

/// How a session behaves.
///
/// @param maxContext positions the session must be able to hold, at least 1
/// @param logits the positions whose predictions [Session#prefill] returns
/// @param taps receives intermediate values; [TapListener#NONE] to receive nothing
public record SessionOptions(int maxContext, LogitsScope logits, TapListener taps) {
    public SessionOptions {
        if (maxContext < 1) {
            throw new IllegalArgumentException("maxContext must be at least 1, found: " + maxContext);
        }
    }

    /// Every position's logits, no taps.
    public static SessionOptions ofContext(int maxContext) {
        return new SessionOptions(maxContext, LogitsScope.ALL_POSITIONS, TapListener.NONE);
    }

    public SessionOptions withLogits(LogitsScope scope) {
        return new SessionOptions(maxContext, scope, taps);
    }

    public SessionOptions withTaps(TapListener listener) {
        return new SessionOptions(maxContext, logits, listener);
    }
}
