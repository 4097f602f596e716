package dev.assay.golden;

/// A golden case that cannot be believed: malformed, incomplete or with a digest that does not match. The message
/// names the file, what was expected and what was found.
public final class GoldenException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    public GoldenException(String message) {
        super(message);
    }

    public GoldenException(String message, Throwable cause) {
        super(message, cause);
    }
}
