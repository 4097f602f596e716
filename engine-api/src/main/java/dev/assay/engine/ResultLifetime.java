package dev.assay.engine;

/// How long what a session returns stays as it is.
public enum ResultLifetime {
    /// For good: it belongs to the caller, the session never writes to it again.
    UNLIMITED,
    /// Until the session's next call, which may return the same object with other content: nothing need be
    /// allocated.
    UNTIL_NEXT_CALL
}
