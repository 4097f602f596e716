package dev.assay.reference.math;

import dev.assay.config.HiddenActivation;

/// The operations that every decoder is made of.
public final class ScalarMath {
    private ScalarMath() {}

    /// Copies of the rows that `indices` name: `table` is `[N][D]`, the result `[T][D]`.
    public static float[][] rows(float[][] table, int[] indices) {
        float[][] rows = new float[indices.length][]; // [T][D]
        for (int t = 0; t < indices.length; t++) {
            rows[t] = table[indices[t]].clone();
        }
        return rows;
    }

    /// Σ a\[i\]·b\[i\], not rounded.
    ///
    /// @throws IllegalArgumentException if the lengths differ
    public static double dot(float[] a, float[] b) {
        requireLength(a.length, b.length);
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /// W·x for one token: `weight` is `[out][in]`, `x` is `[in]`, the result `[out]`.
    public static float[] linear(float[][] weight, float[] x) {
        float[] y = new float[weight.length]; // [out]
        for (int o = 0; o < y.length; o++) {
            y[o] = (float) dot(weight[o], x);
        }
        return y;
    }

    /// W·x + b for one token: the bias, `[out]`, is added before the sum is rounded.
    public static float[] linear(float[][] weight, float[] bias, float[] x) {
        requireLength(weight.length, bias.length);
        float[] y = new float[weight.length]; // [out]
        for (int o = 0; o < y.length; o++) {
            y[o] = (float) (dot(weight[o], x) + bias[o]);
        }
        return y;
    }

    /// W·x for every token: `x` is `[T][in]`, the result `[T][out]`.
    public static float[][] linear(float[][] weight, float[][] x) {
        float[][] y = new float[x.length][]; // [T][out]
        for (int t = 0; t < x.length; t++) {
            y[t] = linear(weight, x[t]);
        }
        return y;
    }

    /// W·x + b for every token: `x` is `[T][in]`, the result `[T][out]`.
    public static float[][] linear(float[][] weight, float[] bias, float[][] x) {
        float[][] y = new float[x.length][]; // [T][out]
        for (int t = 0; t < x.length; t++) {
            y[t] = linear(weight, bias, x[t]);
        }
        return y;
    }

    /// RMS norm, arXiv:1910.07467, eq. 4: w ⊙ x / √(mean(x²) + eps). Eps stands under the root; the mean is not
    /// subtracted. `x`, `weight` and the result have one length.
    public static float[] rmsNorm(float[] x, float[] weight, double eps) {
        requireLength(x.length, weight.length);
        double rms = Math.sqrt(dot(x, x) / x.length + eps);
        float[] y = new float[x.length];
        for (int i = 0; i < x.length; i++) {
            y[i] = (float) (weight[i] * (x[i] / rms));
        }
        return y;
    }

    /// RMS norm of every token: `x` and the result are `[T][D]`, `weight` is `[D]`.
    public static float[][] rmsNorm(float[][] x, float[] weight, double eps) {
        float[][] y = new float[x.length][]; // [T][D]
        for (int t = 0; t < x.length; t++) {
            y[t] = rmsNorm(x[t], weight, eps);
        }
        return y;
    }

    /// exp(x\[i\]) / Σ exp(x\[j\]). The largest score is subtracted first: exp would overflow from a score of 710
    /// on.
    public static double[] softmax(double[] scores) {
        double max = Double.NEGATIVE_INFINITY;
        for (double score : scores) {
            max = Math.max(max, score);
        }
        double[] p = new double[scores.length];
        double sum = 0;
        for (int i = 0; i < p.length; i++) {
            p[i] = StrictMath.exp(scores[i] - max);
            sum += p[i];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= sum;
        }
        return p;
    }

    /// 1 / (1 + exp(−x)).
    public static double sigmoid(double x) {
        return 1 / (1 + StrictMath.exp(-x));
    }

    /// SiLU, also called swish: x·sigmoid(x).
    public static double silu(double x) {
        return x / (1 + StrictMath.exp(-x));
    }

    /// GELU in the tanh approximation, arXiv:1606.08415, section 2: x/2·(1 + tanh(√(2/π)·(x + 0.044715·x³))).
    public static double geluTanh(double x) {
        return x / 2 * (1 + StrictMath.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
    }

    /// GELU, arXiv:1606.08415, section 2: x·Φ(x), which is x/2·(1 + erf(x/√2)).
    public static double geluErf(double x) {
        return x * normalCdf(x);
    }

    /// The activation that a configuration names in `hidden_act`.
    public static double activate(HiddenActivation activation, double x) {
        return switch (activation) {
            case SILU -> silu(x);
            case GELU_TANH -> geluTanh(x);
            case GELU_ERF -> geluErf(x);
        };
    }

    /// Φ(x), the share of a standard normal distribution that lies below x.
    ///
    /// The series has positive terms only but leaves few digits of a small share, so beyond 2 the tail is Laplace's
    /// continued fraction φ(x)/(x + 1/(x + 2/(x + 3/(x + …)))). A hundred levels are more than a double can tell.
    public static double normalCdf(double x) {
        double distance = Math.abs(x);
        if (distance < 2) {
            return 0.5 + shareFromZero(x);
        }
        double denominator = distance;
        for (int k = 100; k > 0; k--) {
            denominator = distance + k / denominator;
        }
        double tail = normalDensity(x) / denominator;
        return x < 0 ? tail : 1 - tail;
    }

    /// φ(x), the density of a standard normal distribution.
    private static double normalDensity(double x) {
        return StrictMath.exp(-x * x / 2) / Math.sqrt(2 * Math.PI);
    }

    /// Φ(x) − 1/2 = φ(x)·(x + x³/3 + x⁵/(3·5) + …), negative for x below 0.
    private static double shareFromZero(double x) {
        double term = x;
        double sum = 0;
        for (int k = 3; Math.abs(term) > 1e-18 * Math.abs(sum); k += 2) {
            sum += term;
            term *= x * x / k;
        }
        return normalDensity(x) * sum;
    }

    /// The x below which a share `p` of a standard normal distribution lies, for p above 0 and below 1.
    ///
    /// Newton's method on Φ: from 0 it approaches the root from one side, since Φ bends one way on each side of 0.
    public static double normalQuantile(double p) {
        double x = 0;
        for (int step = 0; step < 200; step++) {
            double next = x + (p - 0.5 - shareFromZero(x)) / normalDensity(x);
            if (Math.abs(next - x) <= 1e-16 * Math.abs(next)) {
                return next;
            }
            x = next;
        }
        return x;
    }

    /// a + b, element by element, for every token: all three are `[T][D]`.
    public static float[][] add(float[][] a, float[][] b) {
        requireLength(a.length, b.length);
        float[][] sum = new float[a.length][]; // [T][D]
        for (int t = 0; t < a.length; t++) {
            requireLength(a[t].length, b[t].length);
            sum[t] = new float[a[t].length];
            for (int i = 0; i < sum[t].length; i++) {
                sum[t][i] = (float) ((double) a[t][i] + b[t][i]);
            }
        }
        return sum;
    }

    /// The heads that lie side by side in `row`, `[H·d]`, as `[H][d]`.
    public static float[][] splitHeads(float[] row, int heads) {
        if (row.length % heads != 0) {
            throw new IllegalArgumentException(row.length + " elements cannot be split into " + heads + " heads");
        }
        int d = row.length / heads;
        float[][] split = new float[heads][]; // [H][d]
        for (int h = 0; h < heads; h++) {
            split[h] = slice(row, h * d, d);
        }
        return split;
    }

    /// `length` elements of `row` from `start` on, copied.
    public static float[] slice(float[] row, int start, int length) {
        float[] part = new float[length];
        System.arraycopy(row, start, part, 0, length);
        return part;
    }

    /// The elements of `a`, then those of `b`.
    public static float[] concatenate(float[] a, float[] b) {
        float[] both = new float[a.length + b.length];
        System.arraycopy(a, 0, both, 0, a.length);
        System.arraycopy(b, 0, both, a.length, b.length);
        return both;
    }

    /// Indices of the `k` largest values, largest first; of equal values the lower index comes first.
    ///
    /// @throws IllegalArgumentException if there are fewer than `k` values
    public static int[] topK(double[] values, int k) {
        if (k > values.length) {
            throw new IllegalArgumentException("cannot choose " + k + " of " + values.length);
        }
        boolean[] taken = new boolean[values.length];
        int[] chosen = new int[k];
        for (int j = 0; j < k; j++) {
            int best = -1;
            for (int i = 0; i < values.length; i++) {
                if (!taken[i] && (best == -1 || values[i] > values[best])) {
                    best = i;
                }
            }
            taken[best] = true;
            chosen[j] = best;
        }
        return chosen;
    }

    private static void requireLength(int expected, int found) {
        if (expected != found) {
            throw new IllegalArgumentException("expected length " + expected + ", found " + found);
        }
    }
}
