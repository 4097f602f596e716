package dev.assay.kernels;

import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.Tensor;
import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.weight.Operand;
import dev.assay.vector.weight.Scratch;
import dev.assay.vector.weight.WeightMatrix;
import dev.assay.vector.weight.Weights;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.openjdk.jmh.annotations.Param;

/// A matrix times a vector, as in decoding: y = W·x. Bound: reading W from memory.
///
/// Each call takes the next of so many equal matrices that caches do not hold them. Left out: putting x into phases,
/// which several matrices share. The twin multiplies the decoded matrix, as the reference does.
public class MatVec extends KernelBenchmark {
    /// More than the last-level cache of any processor has for a core.
    private static final long MEMORY_BYTES = 256L << 20;

    @Param({"F32", "BF16", "F16", "F8_E4M3"})
    public ElementType dtype = ElementType.F32;

    @Param("1024")
    public int rows;

    @Param("4096")
    public int columns;

    @Override
    Pair pair() {
        Tensor tensor = Numbers.matrix(dtype, rows, columns, 1);
        WeightMatrix[] copies = copies(tensor);
        float[][] decoded = tensor.toMatrix();
        float[] x = Numbers.normal(columns, 2);
        Operand operand = new Operand(columns);
        operand.set(x);
        operand.prepare(copies[0].operandPhases(), columns);
        Scratch scratch = new Scratch(Math.max(rows, columns));
        float[] y = new float[rows];
        int[] next = {0};
        return new Pair(
                () -> {
                    copies[next[0]].multiply(0, rows, operand, y, 0, scratch);
                    next[0] = (next[0] + 1) % copies.length;
                    return y;
                },
                () -> ScalarMath.linear(decoded, x),
                Work.inMemory(tensor.data().byteSize() + (long) Float.BYTES * (rows + columns), 2L * rows * columns),
                Numbers.toleranceOfSum(columns));
    }

    private WeightMatrix[] copies(Tensor tensor) {
        long bytes = tensor.data().byteSize();
        int count = Math.toIntExact(Math.ceilDiv(MEMORY_BYTES, bytes));
        MemorySegment all = Arena.ofAuto().allocate(count * bytes, 64);
        WeightMatrix[] copies = new WeightMatrix[count];
        for (int i = 0; i < count; i++) {
            MemorySegment copy = all.asSlice(i * bytes, bytes).copyFrom(tensor.data());
            copies[i] = Weights.rows(new Tensor(tensor.info(), copy, tensor.scales()), rows, columns);
        }
        return copies;
    }
}
