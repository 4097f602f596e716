package dev.assay.plan;

import java.util.Locale;

/// The rules that records of plans hold themselves to. A plan that breaks one is a mistake of its planner.
final class Checks {
    private Checks() {}

    static void require(boolean holds, String what, Object found, String expected) {
        if (!holds) {
            throw new IllegalArgumentException(
                    String.format(Locale.ROOT, "%s: found %s, expected %s", what, found, expected));
        }
    }

    static void positive(String what, int value) {
        require(value > 0, what, value, "a whole number above 0");
    }

    static void positive(String what, double value) {
        require(value > 0 && Double.isFinite(value), what, value, "a finite number above 0");
    }

    static void epsilon(double value) {
        require(value >= 0 && Double.isFinite(value), "eps", value, "a finite number of at least 0");
    }

    static void between(String what, int value, int low, int high) {
        require(value >= low && value <= high, what, value, low + " to " + high);
    }

    static void name(String value) {
        require(!value.isBlank(), "tensor name", "\"" + value + "\"", "a name");
    }

    /// Checks that a matrix is `[rows][columns]`.
    static void shape(WeightRef weight, long rows, long columns) {
        require(
                weight.rows() == rows && weight.columns() == columns,
                weight.name(),
                "[" + weight.rows() + "][" + weight.columns() + "]",
                "[" + rows + "][" + columns + "]");
    }

    /// Checks that a linear map goes from `inputs` to `outputs` numbers.
    static void shape(Linear linear, long outputs, long inputs) {
        shape(linear.weight(), outputs, inputs);
    }

    static void size(String what, Norm norm, int size) {
        require(norm.size() == size, what, "a norm over " + norm.size() + " numbers", "one over " + size);
    }
}
