package dev.assay.kernels;

import dev.assay.config.HiddenActivation;
import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.kernel.Activations;
import org.openjdk.jmh.annotations.Param;

/// The activation of an MLP's gate. Bound: multiply-adds, counted as for [Softmax]. Copying the operand, which the
/// kernel overwrites, is part of it. GELU by erf has no vector kernel: no published model has it.
public class Activation extends KernelBenchmark {
    @Param({"SILU", "GELU_TANH"})
    public HiddenActivation activation = HiddenActivation.SILU;

    @Param("4096")
    public int size;

    @Override
    Pair pair() {
        float[] x = Numbers.normal(size, 1);
        float[] y = new float[size];
        float[] scratch = new float[size];
        // 1 / (1 + exp), and for GELU a cubic polynomial.
        int flops = Softmax.EXP_FLOPS + 2 + (activation == HiddenActivation.GELU_TANH ? 4 : 1);
        return new Pair(
                () -> {
                    System.arraycopy(x, 0, y, 0, size);
                    Activations.apply(activation, y, 0, size, scratch);
                    return y;
                },
                () -> {
                    float[] activated = new float[size];
                    for (int i = 0; i < size; i++) {
                        activated[i] = (float) ScalarMath.activate(activation, x[i]);
                    }
                    return activated;
                },
                Work.inCache(2L * Float.BYTES * size, (long) flops * size),
                // Some roundings of numbers below 8, and of an argument below 8 of an exponential.
                16 * 0x1p-22);
    }
}
