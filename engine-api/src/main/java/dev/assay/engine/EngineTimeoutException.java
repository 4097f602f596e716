package dev.assay.engine;

/// An engine did not answer within the time limit of the operation, and was ended. The message names both.
public final class EngineTimeoutException extends EngineLostException {
    private static final long serialVersionUID = 1L;

    public EngineTimeoutException(String message) {
        super(message);
    }
}
