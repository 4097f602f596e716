package dev.assay.conformance.compare;

import dev.assay.engine.TapPoint;

/// How far an engine's values are from the oracle's at one place, for one prompt.
///
/// @param point the place
/// @param prompt id of the prompt
/// @param elements numbers compared
/// @param rms root mean square of the difference; NaN if any value is NaN
/// @param max largest absolute difference; NaN if any value is NaN
/// @param token position of the largest difference, or of the first NaN
/// @param channel index of it within the row
/// @param expected the oracle's value there
/// @param actual the engine's value there
public record Difference(
        TapPoint point,
        String prompt,
        long elements,
        double rms,
        double max,
        int token,
        int channel,
        double expected,
        double actual) {

    /// Measures the difference of two arrays of the same shape, `[T][width]`.
    ///
    /// @throws ShapeMismatchException if the shapes differ
    public static Difference measure(TapPoint point, String prompt, double[][] expected, float[][] actual) {
        requireSameShape(point, prompt, expected, actual);
        long elements = 0;
        double squares = 0;
        double max = -1;
        int worstToken = 0;
        int worstChannel = 0;
        for (int t = 0; t < expected.length; t++) {
            for (int i = 0; i < expected[t].length; i++) {
                double difference = Math.abs(actual[t][i] - expected[t][i]);
                elements++;
                squares += difference * difference;
                // The first NaN wins and stays: no comparison with it is true.
                if (difference > max || (Double.isNaN(difference) && !Double.isNaN(max))) {
                    max = difference;
                    worstToken = t;
                    worstChannel = i;
                }
            }
        }
        if (elements == 0) {
            throw new ShapeMismatchException(point + " of prompt " + prompt + " has no elements to compare");
        }
        return new Difference(
                point,
                prompt,
                elements,
                Math.sqrt(squares / elements),
                max,
                worstToken,
                worstChannel,
                expected[worstToken][worstChannel],
                actual[worstToken][worstChannel]);
    }

    private static void requireSameShape(TapPoint point, String prompt, double[][] expected, float[][] actual) {
        if (expected.length != actual.length) {
            throw new ShapeMismatchException(
                    point + " of prompt " + prompt + ": expected " + expected.length + " rows, found " + actual.length);
        }
        for (int t = 0; t < expected.length; t++) {
            if (expected[t].length != actual[t].length) {
                throw new ShapeMismatchException(point + " of prompt " + prompt + ", row " + t + ": expected "
                        + expected[t].length + " values, found " + actual[t].length);
            }
        }
    }
}
