package dev.assay.vector.kernel;

import dev.assay.config.HiddenActivation;

/// Activations of MLPs.
public final class Activations {
    /// GELU's tanh is tanh(u) with u = √(2/π)·(x + 0.044715·x³), and (1 + tanh(u)) / 2 = 1 / (1 + exp(−2u)).
    private static final float MINUS_TWO_U_LINEAR = (float) (-2 * Math.sqrt(2 / Math.PI));

    private static final float MINUS_TWO_U_CUBIC = (float) (-2 * Math.sqrt(2 / Math.PI) * 0.044715);

    private Activations() {}

    /// x\[i\] = activation(x\[i\]).
    ///
    /// @param scratch of `length` numbers at least
    public static void apply(HiddenActivation activation, float[] x, int offset, int length, float[] scratch) {
        switch (activation) {
            case SILU -> {
                Exponentials.negate(x, offset, scratch, length);
                Exponentials.exp(scratch, 0, length, 0);
                Exponentials.overOnePlus(scratch, x, offset, length);
            }
            case GELU_TANH -> {
                Exponentials.cubic(MINUS_TWO_U_LINEAR, MINUS_TWO_U_CUBIC, x, offset, scratch, length);
                Exponentials.exp(scratch, 0, length, 0);
                Exponentials.overOnePlus(scratch, x, offset, length);
            }
            // No published model has it, so it need not be fast.
            case GELU_ERF -> {
                for (int i = offset; i < offset + length; i++) {
                    x[i] = (float) (x[i] / 2 * erfc(-x[i] / Math.sqrt(2)));
                }
            }
        }
    }

    /// 2/√π · ∫ from x of exp(−t²): the series of erf for small |x|, which alternates but hardly cancels there, and
    /// elsewhere the continued fraction exp(−x²)/√π · 1/(x + ½/(x + 1/(x + 1½/(x + …)))), from its 200th level up.
    static double erfc(double x) {
        double distance = Math.abs(x);
        if (distance < 1) {
            double term = x;
            double sum = x;
            for (int n = 1; n < 30; n++) {
                term *= -x * x / n;
                sum += term / (2 * n + 1);
            }
            return 1 - 2 / Math.sqrt(Math.PI) * sum;
        }
        double denominator = distance;
        for (int n = 200; n > 0; n--) {
            denominator = distance + n / 2.0 / denominator;
        }
        double tail = Math.exp(-x * x) / Math.sqrt(Math.PI) / denominator;
        return x > 0 ? tail : 2 - tail;
    }
}
