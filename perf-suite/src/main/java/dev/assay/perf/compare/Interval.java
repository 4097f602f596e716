package dev.assay.perf.compare;

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
}
