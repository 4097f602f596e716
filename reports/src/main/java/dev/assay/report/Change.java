package dev.assay.report;

/// What a comparison says about a speed.
public enum Change {
    /// Faster than the margin allows for noise, and surely so.
    FASTER,
    /// Slower, likewise: a regression.
    SLOWER,
    /// No change beyond the margin, and surely so.
    EQUIVALENT,
    /// The measurement cannot tell.
    INCONCLUSIVE
}
