package dev.assay.kernels;

import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.Tensor;
import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.weight.Product;
import dev.assay.vector.weight.Scratch;
import dev.assay.vector.weight.WeightMatrix;
import dev.assay.vector.weight.Weights;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Param;

/// A matrix times many tokens, as in prefill: Y = X·Wᵀ. Bound: multiply-adds.
///
/// Decoding W is part of it, packing the tokens into panels is not, which several matrices share. The twin multiplies
/// the decoded matrix, as the reference does.
public class MatMul extends KernelBenchmark {
    @Param({"F32", "BF16", "F16", "F8_E4M3"})
    public ElementType dtype = ElementType.F32;

    @Param("1024")
    public int rows;

    @Param("1024")
    public int columns;

    @Param("128")
    public int tokens;

    @Override
    Pair pair() {
        Tensor tensor = Numbers.matrix(dtype, rows, columns, 1);
        WeightMatrix matrix = Weights.rows(tensor, rows, columns);
        float[][] decoded = tensor.toMatrix();
        float[] x = Numbers.normal(tokens * columns, 2);
        float[][] xRows = Numbers.rows(x, columns);
        float[] panels = panels(x);
        float[] y = new float[tokens * rows];
        Scratch scratch = new Scratch(Math.max(rows, columns));
        return new Pair(
                () -> {
                    Product.multiply(matrix, 0, rows, panels, tokens, y, 0, rows, scratch);
                    return y;
                },
                () -> Numbers.flat(ScalarMath.linear(decoded, xRows)),
                Work.inMemory(
                        tensor.data().byteSize() + (long) Float.BYTES * tokens * (rows + columns),
                        2L * rows * columns * tokens),
                Numbers.toleranceOfSum(columns));
    }

    private float[] panels(float[] x) {
        int[] inOrder = IntStream.range(0, tokens).toArray();
        float[] panels = new float[Panels.lanes(tokens) * columns];
        for (int p = 0; p < Panels.count(tokens); p++) {
            int start = Panels.start(p, tokens);
            int lanes = Panels.vectors(p, tokens) * Lanes.LENGTH;
            int count = Panels.tokens(p, tokens);
            Panels.pack(x, 0, columns, inOrder, start, count, 0, columns, panels, start * columns, lanes);
        }
        return panels;
    }
}
