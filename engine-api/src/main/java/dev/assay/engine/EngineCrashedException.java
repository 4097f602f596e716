package dev.assay.engine;

/// The process or the device of an engine died. The message says how, and what it last wrote to standard error.
public final class EngineCrashedException extends EngineLostException {
    private static final long serialVersionUID = 1L;

    public EngineCrashedException(String message) {
        super(message);
    }
}
