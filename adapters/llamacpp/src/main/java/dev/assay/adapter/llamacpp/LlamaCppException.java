package dev.assay.adapter.llamacpp;

/// llama.cpp cannot be loaded, or refused what it was given.
public final class LlamaCppException extends RuntimeException {
    private static final long serialVersionUID = 1;

    public LlamaCppException(String message) {
        super(message);
    }

    public LlamaCppException(String message, Throwable cause) {
        super(message, cause);
    }
}
