package dev.assay.kernels;

import dev.assay.vector.kernel.Rotation;
import org.openjdk.jmh.annotations.Param;

/// Turns the pairs of a token's heads, in place: after a call they are what they were, turned once more. Bound:
/// multiply-adds. Left out: cosines and sines, which all layers share.
public class Rotary extends KernelBenchmark {
    /// Which numbers of a head are a pair.
    public enum Pairs {
        HALF_SPLIT,
        INTERLEAVED
    }

    @Param({"HALF_SPLIT", "INTERLEAVED"})
    public Pairs pairs = Pairs.HALF_SPLIT;

    @Param("16")
    public int heads;

    @Param("128")
    public int headDim;

    @Override
    Pair pair() {
        int half = headDim / 2;
        float[] cos = new float[half];
        float[] sin = new float[half];
        for (int j = 0; j < half; j++) {
            cos[j] = (float) Math.cos(j);
            sin[j] = (float) Math.sin(j);
        }
        float[] vector = Numbers.normal(heads * headDim, 1);
        float[] scalar = vector.clone();
        return new Pair(
                () -> {
                    for (int h = 0; h < heads; h++) {
                        switch (pairs) {
                            case HALF_SPLIT -> Rotation.halfSplit(vector, h * headDim, half, cos, sin, 0);
                            case INTERLEAVED -> Rotation.interleaved(vector, h * headDim, half, cos, sin, 0);
                        }
                    }
                    return vector;
                },
                () -> {
                    for (int h = 0; h < heads; h++) {
                        turn(scalar, h * headDim, cos, sin);
                    }
                    return scalar;
                },
                Work.inCache(2L * Float.BYTES * heads * headDim + 2L * Float.BYTES * half, 3L * heads * headDim),
                // Two products and a sum of numbers below 8, each rounded by up to 2⁻²².
                3 * 0x1p-22);
    }

    /// The twin.
    private void turn(float[] x, int head, float[] cos, float[] sin) {
        int distance = pairs == Pairs.HALF_SPLIT ? headDim / 2 : 1;
        int step = pairs == Pairs.HALF_SPLIT ? 1 : 2;
        for (int j = 0; j < headDim / 2; j++) {
            int first = head + j * step;
            double a = x[first];
            double b = x[first + distance];
            x[first] = (float) (a * cos[j] - b * sin[j]);
            x[first + distance] = (float) (b * cos[j] + a * sin[j]);
        }
    }
}
