package dev.assay.kernels;

import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.stage.RowNorm;
import org.openjdk.jmh.annotations.Param;

/// The RMS norm of a token. Bound: multiply-adds.
public class RmsNorm extends KernelBenchmark {
    private static final double EPS = 1e-6;

    @Param("4096")
    public int size;

    @Override
    Pair pair() {
        float[] x = Numbers.normal(size, 1);
        float[] gain = Numbers.normal(size, 2);
        float[] y = new float[size];
        RowNorm norm = new RowNorm.Rms(gain, EPS);
        return new Pair(
                () -> {
                    norm.apply(x, 0, y, 0);
                    return y;
                },
                () -> ScalarMath.rmsNorm(x, gain, EPS),
                // A square and its addition, two multiplications.
                Work.inCache(3L * Float.BYTES * size, 4L * size),
                // Relative to results of about 1, the error of a sum of squares, which grows like a random walk's.
                8 * Math.sqrt(size) * 0x1p-24);
    }
}
