package dev.assay.report;

import java.util.Locale;

/// A ratio of two speeds and what it may really be.
///
/// @param ratio the estimate
/// @param low end of the confidence interval
/// @param high end of the confidence interval
/// @param confidence of the interval, for example 0.95
public record Interval(double ratio, double low, double high, double confidence) {
    public Interval {
        if (!(low <= ratio && ratio <= high)) {
            throw new IllegalArgumentException("ratio " + ratio + " is not between " + low + " and " + high);
        }
    }

    /// The smallest change that this measurement could have told from none: half the width of the interval, as a
    /// share.
    public double detectable() {
        return Math.sqrt(high / low) - 1;
    }

    /// The ratio and its interval, for example `0.951 (0.942 to 0.960)`.
    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.3f (%.3f to %.3f)", ratio, low, high);
    }
}
