package dev.assay.kernels;

import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.kernel.Rows;
import org.openjdk.jmh.annotations.Param;

/// A dot product of two vectors that lie in the first-level cache. Bound: multiply-adds, of which two loads each
/// allow half.
public class Dot extends KernelBenchmark {
    /// Numbers of each vector.
    @Param("4096")
    public int size;

    @Override
    Pair pair() {
        float[] a = Numbers.normal(size, 1);
        float[] b = Numbers.normal(size, 2);
        float[] y = new float[1];
        return new Pair(
                () -> {
                    y[0] = Rows.dot(a, 0, b, 0, size);
                    return y;
                },
                () -> new float[] {(float) ScalarMath.dot(a, b)},
                Work.inCache(2L * Float.BYTES * size, 2L * size),
                Numbers.toleranceOfSum(size));
    }
}
