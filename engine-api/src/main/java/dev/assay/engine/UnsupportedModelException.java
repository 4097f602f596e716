package dev.assay.engine;

/// A model was given to an engine that had declared it unsupported, or with options that it has no kernels for.
public final class UnsupportedModelException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public UnsupportedModelException(String reason) {
        super(reason);
    }
}
