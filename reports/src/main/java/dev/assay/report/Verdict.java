package dev.assay.report;

/// The verdict of a run, with the exit code of the command.
public enum Verdict {
    CONFORMANT(0),
    /// Nothing speaks against the engine, and what it returns is too little to call it conformant.
    CONSISTENT(3),
    NON_CONFORMANT(1),
    REGRESSION(2),
    INCONCLUSIVE(3),
    /// The harness or the goldens are at fault: nothing can be said about the engine.
    FAULT(4);

    private final int exitCode;

    Verdict(int exitCode) {
        this.exitCode = exitCode;
    }

    public int exitCode() {
        return exitCode;
    }
}
