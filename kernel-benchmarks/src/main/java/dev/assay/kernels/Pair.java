package dev.assay.kernels;

import java.util.function.Supplier;

/// A kernel and its scalar twin over the same operands.
///
/// @param vector computes the result with the kernel; may return the same array again
/// @param scalar computes it plainly
/// @param work of one call of either
/// @param tolerance how far an element of the kernel's result may be from the twin's
record Pair(Supplier<float[]> vector, Supplier<float[]> scalar, Work work, double tolerance) {
    /// Computes both results and returns how many elements were compared.
    ///
    /// @param where what a message begins with
    /// @throws IllegalStateException if they differ by more than the tolerance, or one is NaN
    int check(String where) {
        float[] expected = scalar.get();
        float[] found = vector.get();
        if (found.length != expected.length || expected.length == 0) {
            throw new IllegalStateException(
                    where + "expected " + expected.length + " elements, at least one, found " + found.length);
        }
        for (int i = 0; i < expected.length; i++) {
            // Not "difference > tolerance", which NaN would pass.
            if (!(Math.abs((double) found[i] - expected[i]) <= tolerance)) {
                throw new IllegalStateException(where + "element " + i + " of " + expected.length + ": expected "
                        + expected[i] + " as the scalar twin computes, to within " + tolerance + ", found "
                        + found[i]);
            }
        }
        return expected.length;
    }
}
