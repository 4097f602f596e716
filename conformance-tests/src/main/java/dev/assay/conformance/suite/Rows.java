package dev.assay.conformance.suite;

/// Arithmetic on a row of logits `[V]`.
final class Rows {
    private Rows() {}

    static double[] doubles(float[] row) {
        double[] doubles = new double[row.length];
        for (int i = 0; i < row.length; i++) {
            doubles[i] = row[i];
        }
        return doubles;
    }

    /// ln Σ exp(xᵢ), about the largest so that nothing overflows.
    static double logSumExp(double[] row) {
        double max = row[argmax(row)];
        double sum = 0;
        for (double value : row) {
            sum += Math.exp(value - max);
        }
        return max + Math.log(sum);
    }

    /// Index of the largest; of several, the first.
    static int argmax(double[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }
}
