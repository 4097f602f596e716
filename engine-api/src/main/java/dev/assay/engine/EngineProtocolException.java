package dev.assay.engine;

/// An engine answered something that its protocol does not allow, after which nothing it says can be believed. The
/// message names what was expected and what was found.
public final class EngineProtocolException extends EngineLostException {
    private static final long serialVersionUID = 1L;

    public EngineProtocolException(String message) {
        super(message);
    }
}
