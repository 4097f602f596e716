package dev.assay.conformance.compare;

import java.util.List;

/// Size of the oracle's values at one place, over all prompts of a case.
///
/// @param rms root mean square
/// @param max largest magnitude
/// @param deviation standard deviation
public record Scale(double rms, double max, double deviation) {
    /// Measures the scale of at least one array `[T][width]`.
    public static Scale of(List<double[][]> arrays) {
        long elements = 0;
        double sum = 0;
        double squares = 0;
        double max = 0;
        for (double[][] rows : arrays) {
            for (double[] row : rows) {
                for (double value : row) {
                    elements++;
                    sum += value;
                    squares += value * value;
                    max = Math.max(max, Math.abs(value));
                }
            }
        }
        if (elements == 0) {
            throw new IllegalArgumentException("no values to measure the scale of");
        }
        double mean = sum / elements;
        double meanSquare = squares / elements;
        return new Scale(Math.sqrt(meanSquare), max, Math.sqrt(Math.max(0, meanSquare - mean * mean)));
    }
}
