package dev.assay.plan;

/// The standard normal distribution.
final class NormalDistribution {
    private NormalDistribution() {}

    /// Φ(x) by its Taylor series around 0 (Abramowitz and Stegun, 26.2.11), exact to a few units in the last place
    /// for
    /// |x| below 6.
    static double cumulative(double x) {
        double term = x;
        double sum = x;
        for (int odd = 3; Math.abs(term) > 0x1p-60 * Math.abs(sum); odd += 2) {
            term *= x * x / odd;
            sum += term;
        }
        return 0.5 + density(x) * sum;
    }

    /// Φ⁻¹(p), by Newton's steps from 0, which do not overshoot: Φ bends towards the axis on either side.
    static double quantile(double p) {
        Checks.require(p > 1e-6 && p < 1 - 1e-6, "share", p, "a number well between 0 and 1");
        double x = 0;
        for (int step = 0; step < 100; step++) {
            double next = x - (cumulative(x) - p) / density(x);
            if (Math.abs(next - x) <= Math.ulp(x)) {
                return next;
            }
            x = next;
        }
        return x;
    }

    private static double density(double x) {
        return Math.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }
}
