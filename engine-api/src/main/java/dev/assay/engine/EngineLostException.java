package dev.assay.engine;

/// An engine that runs outside this JVM cannot be used any more: whatever was loaded in it is gone.
///
/// What an engine merely refuses, such as a token outside the vocabulary, is no loss and is thrown as in this JVM.
public abstract sealed class EngineLostException extends RuntimeException
        permits EngineCrashedException, EngineProtocolException, EngineTimeoutException {
    private static final long serialVersionUID = 1L;

    EngineLostException(String message) {
        super(message);
    }
}
