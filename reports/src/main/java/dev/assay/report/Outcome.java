package dev.assay.report;

/// How a check ended. Outcomes are never merged with one another.
public enum Outcome {
    /// The engine did what the check demands.
    PASS,
    /// It did something else.
    FAIL,
    /// It threw an exception.
    ERROR,
    /// Its process or device died.
    CRASH,
    /// It did not answer in time.
    TIMEOUT,
    /// It had declared that it cannot do this.
    UNSUPPORTED,
    /// It had declared that it can, and could not.
    CAPABILITY_LIE,
    /// It failed, and a waiver covers the failure.
    WAIVED,
    /// A waiver covers a check that passes.
    STALE_WAIVER,
    /// The check was selected and not run, for the reason given.
    NOT_RUN,
    /// A measurement was too noisy for a verdict.
    INCONCLUSIVE
}
