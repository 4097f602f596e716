package dev.assay.cli;

/// Arguments that cannot be used. The message names the argument and what would be accepted.
final class UsageException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    UsageException(String message) {
        super(message);
    }
}
