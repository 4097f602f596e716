package dev.assay.conformance.compare;

/// An engine returned another number of rows or values than the golden has.
public final class ShapeMismatchException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public ShapeMismatchException(String message) {
        super(message);
    }
}
