package dev.assay.perf;

/// A measurement that could not be made, through no fault of the engine: a ceiling or the reference failed.
public final class PerfException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public PerfException(String message) {
        super(message);
    }

    public PerfException(String message, Throwable cause) {
        super(message, cause);
    }
}
