package dev.assay.conformance.compare;

import dev.assay.report.BudgetUse.Yardstick;

/// How far predictions that were made from logits may be from those made from the oracle's logits.
///
/// Nothing is chosen here: all of it follows from M, the largest error a logit may have ([Budget#max]), so that an
/// engine that keeps the budget of its logits keeps these, too.
///
/// - *A log-probability* is zᵢ − ln Σ exp(zⱼ). If no logit is off by more than M, neither is the logarithm of the sum,
///   whose partial derivatives are positive and sum to 1; so it may be off by 2·M, and by its own rounding to
///   float32. There is no tighter limit for the root mean square: the few tokens that are returned may be those that
///   are off most.
/// - *An order.* Where the engine prefers token a to token b, the oracle's logit of b may be larger by 2·M and no
///   more: both may have moved by M, against each other.
///
/// @param logit M: the largest absolute difference of a logit
/// @param yardstick where M comes from
public record PredictionBudget(double logit, Yardstick yardstick) {
    /// As [Budget]: one half-ulp for rounding the engine's value, and room for values just above a power of two.
    private static final double FLOOR = 4 * 0x1p-24;

    /// What follows from the budget of the logits.
    public static PredictionBudget of(Budget logits) {
        return new PredictionBudget(logits.max(), logits.yardstick());
    }

    /// How far the oracle's logit of a token that was passed over may be above that of one that was preferred.
    public double gap() {
        return 2 * logit;
    }

    /// How far log-probabilities may be off, the largest of which in magnitude is `scale`.
    public double logProbability(double scale) {
        return 2 * logit + FLOOR * scale;
    }
}
