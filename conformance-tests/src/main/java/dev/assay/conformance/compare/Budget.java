package dev.assay.conformance.compare;

import dev.assay.golden.FloatError;
import dev.assay.report.BudgetUse;
import dev.assay.report.BudgetUse.Yardstick;

/// How far from the oracle an engine may be at one place: both limits must hold.
///
/// With a yardstick r, the oracle's own float32 run: `rms <= 2·rms(r) + floor` and `max <= 4·max(r) + floor`. The
/// yardstick is what rounding to float32 costs at this place of this model, so the budget follows the depth of the
/// network and the length of its sums. Twice its rms leaves room for another order of summation; the largest of n
/// errors varies more between two equally good implementations, hence four times its maximum.
///
/// The floor is 4 half-ulps of float32 relative to the scale of the place: one for rounding the golden to its
/// storage type, one for rounding the engine's value, and as much again, since a value may sit just above a power of
/// two.
///
/// Without a yardstick: 2e-5 and 2e-4 of the place's standard deviation.
///
/// @param rms limit for the root mean square of the difference
/// @param max limit for the largest absolute difference
public record Budget(double rms, double max, Yardstick yardstick) {
    private static final double RMS_FACTOR = 2;
    private static final double MAX_FACTOR = 4;
    private static final double FLOOR = 4 * 0x1p-24;
    private static final double RMS_OF_DEVIATION = 2e-5;
    private static final double MAX_OF_DEVIATION = 2e-4;

    /// The budget of a place whose float32 error is recorded.
    public static Budget ofYardstick(FloatError error, Scale scale) {
        return new Budget(
                RMS_FACTOR * error.rms() + FLOOR * scale.rms(),
                MAX_FACTOR * error.max() + FLOOR * scale.max(),
                Yardstick.RECORDED);
    }

    /// The budget of a place whose float32 error is not recorded.
    public static Budget ofDeviation(Scale scale) {
        return new Budget(
                RMS_OF_DEVIATION * scale.deviation(),
                MAX_OF_DEVIATION * scale.deviation(),
                Yardstick.STANDARD_DEVIATION);
    }

    /// What a difference uses of this budget.
    public BudgetUse useOf(Difference difference) {
        return new BudgetUse(
                difference.point().toString(),
                difference.prompt(),
                difference.rms(),
                rms,
                difference.max(),
                max,
                yardstick);
    }

    /// Whether the difference is within both limits. NaN never is.
    public boolean allows(Difference difference) {
        return difference.rms() <= rms && difference.max() <= max;
    }
}
