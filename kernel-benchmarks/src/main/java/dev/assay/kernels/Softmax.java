package dev.assay.kernels;

import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.kernel.Exponentials;
import dev.assay.vector.kernel.Rows;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Param;

/// A softmax: the largest score, exponentials and their sum, a division. Bound: multiply-adds. Copying the scores,
/// which the kernel overwrites, is part of it.
public class Softmax extends KernelBenchmark {
    /// Operations of the kernel's exponential, by its formula: reduction 6, series 14, two powers of two, the shift
    /// and the sum.
    static final int EXP_FLOPS = 24;

    @Param("4096")
    public int size;

    @Override
    Pair pair() {
        float[] scores = Numbers.normal(size, 1);
        double[] twinScores = new double[size];
        Arrays.setAll(twinScores, i -> scores[i]);
        double largest = Arrays.stream(ScalarMath.softmax(twinScores)).max().orElseThrow();
        float[] y = new float[size];
        return new Pair(
                () -> {
                    System.arraycopy(scores, 0, y, 0, size);
                    float sum = Exponentials.exp(y, 0, size, Rows.max(y, 0, size));
                    Rows.scale(1 / sum, y, 0, size);
                    return y;
                },
                () -> {
                    double[] p = ScalarMath.softmax(twinScores);
                    float[] rounded = new float[size];
                    for (int i = 0; i < size; i++) {
                        rounded[i] = (float) p[i];
                    }
                    return rounded;
                },
                Work.inCache(2L * Float.BYTES * size, (EXP_FLOPS + 1L) * size),
                8 * Math.sqrt(size) * 0x1p-24 * largest);
    }
}
