package dev.assay.cuda.stage;

/// Attention of one query in double. It takes blocks of positions one after the other as kernels do, since what
/// rounding makes of a weight depends on the highest score so far.
final class BlockAttention {
    /// How far a weight in float32 may be from one in double, relative.
    private static final double WEIGHT_ERROR = 1e-5;

    private final boolean rounds;
    private final double[] sums; // of weighted values
    private double highest = Double.NEGATIVE_INFINITY;
    private double sum; // of weights
    private double slack;

    /// @param width of values
    /// @param rounds whether weights are rounded to bfloat16 before they meet values
    BlockAttention(int width, boolean rounds) {
        this.rounds = rounds;
        this.sums = new double[width];
    }

    /// Adds the positions of a block that the query sees.
    ///
    /// @param values `[scores.length][width]`
    void add(double[] scores, double[][] values) {
        double before = highest;
        for (double score : scores) {
            highest = Math.max(highest, score);
        }
        double rescale = scores.length == 0 ? 1 : Math.exp(before - highest);
        sum *= rescale;
        slack *= rescale;
        for (int i = 0; i < sums.length; i++) {
            sums[i] *= rescale;
        }
        for (int p = 0; p < scores.length; p++) {
            double weight = Math.exp(scores[p] - highest);
            sum += weight;
            double counted = rounds ? RoundedNumbers.bfloat16((float) weight) : weight;
            double largest = 0;
            for (int i = 0; i < sums.length; i++) {
                sums[i] += counted * values[p][i];
                largest = Math.max(largest, Math.abs(values[p][i]));
            }
            double other =
                    RoundedNumbers.bfloat16((float) (weight * (1 + Math.signum(weight - counted) * WEIGHT_ERROR)));
            slack += rounds ? Math.abs(other - counted) * largest : 0;
        }
    }

    /// A number of the result.
    double result(int i) {
        return sums[i] / sum;
    }

    /// How far a result may be off because weights were rounded the other way: they are as good as between two
    /// numbers.
    double slack() {
        return slack / sum;
    }
}
