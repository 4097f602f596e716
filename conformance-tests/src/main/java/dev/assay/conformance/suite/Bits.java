package dev.assay.conformance.suite;

import dev.assay.conformance.compare.ShapeMismatchException;

/// Bitwise comparison of an engine with itself.
final class Bits {
    private Bits() {}

    /// The first place at which the leading `rows` rows differ in any bit, as "row 3, value 17: 0.5 and 0.25";
    /// empty if there is none.
    static String firstDifference(float[][] one, float[][] other, int rows) {
        for (int t = 0; t < rows; t++) {
            if (one[t].length != other[t].length) {
                throw new ShapeMismatchException(
                        "row " + t + " has " + one[t].length + " values, then " + other[t].length);
            }
            for (int i = 0; i < one[t].length; i++) {
                if (Float.floatToRawIntBits(one[t][i]) != Float.floatToRawIntBits(other[t][i])) {
                    return "row " + t + ", value " + i + ": " + one[t][i] + " and " + other[t][i];
                }
            }
        }
        return "";
    }

    /// Numbers in the leading `rows` rows.
    static long elements(float[][] array, int rows) {
        long elements = 0;
        for (int t = 0; t < rows; t++) {
            elements += array[t].length;
        }
        return elements;
    }

    /// A copy of every row: the engine may not write to what it returned, and this is how one finds out.
    static float[][] copy(float[][] array) {
        float[][] copy = new float[array.length][];
        for (int t = 0; t < array.length; t++) {
            copy[t] = array[t].clone();
        }
        return copy;
    }
}
