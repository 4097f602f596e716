package dev.assay.report;

import java.util.Arrays;
import java.util.List;

/// A figure measured several times: the median is quoted, and nothing is thrown away.
///
/// @param median of the samples; the mean of the two in the middle where their number is even
/// @param samples in the order in which they were measured
public record Spread(double median, double min, double max, List<Double> samples) {
    public Spread {
        samples = List.copyOf(samples);
        if (!(min <= median && median <= max)) {
            throw new IllegalArgumentException("median " + median + " is not between " + min + " and " + max);
        }
    }

    /// The spread of at least one sample.
    public static Spread of(List<Double> samples) {
        double[] sorted =
                samples.stream().mapToDouble(Double::doubleValue).sorted().toArray();
        if (sorted.length == 0) {
            throw new IllegalArgumentException("no samples");
        }
        double median = (sorted[(sorted.length - 1) / 2] + sorted[sorted.length / 2]) / 2;
        return new Spread(median, sorted[0], sorted[sorted.length - 1], samples);
    }

    /// The spread of at least one sample.
    public static Spread of(double... samples) {
        return of(Arrays.stream(samples).boxed().toList());
    }
}
