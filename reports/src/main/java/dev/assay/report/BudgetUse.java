package dev.assay.report;

/// A difference from the golden and what was allowed, both in the unit of the tap.
///
/// @param tap where, for example `logits` or `context.2`
/// @param prompt id of the prompt
/// @param rms root mean square of the difference
/// @param rmsBudget what it may be
/// @param max largest absolute difference
/// @param maxBudget what it may be
/// @param yardstick where the budget comes from
public record BudgetUse(
        String tap, String prompt, double rms, double rmsBudget, double max, double maxBudget, Yardstick yardstick) {
    /// Where a budget comes from.
    public enum Yardstick {
        /// The float32 error recorded with the golden.
        RECORDED,
        /// The golden records none: a fraction of the tap's standard deviation.
        STANDARD_DEVIATION
    }

    /// Share of the budget used: at most 1 passes; NaN never does.
    public double used() {
        return Math.max(share(rms, rmsBudget), share(max, maxBudget));
    }

    /// No difference uses nothing, of a budget of zero too.
    private static double share(double difference, double budget) {
        return difference == 0 ? 0 : difference / budget;
    }
}
