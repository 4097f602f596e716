package dev.assay.cuda.driver;

/// There is no device that can be used; the message says why.
public final class AbsentException extends Exception {
    private static final long serialVersionUID = 1L;

    public AbsentException(String reason) {
        super(reason);
    }
}
