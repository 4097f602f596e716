package dev.assay.vector.weight;

import dev.assay.vector.kernel.BFloat16Weights;
import dev.assay.vector.kernel.Phases;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Rows of bfloat16, one after another.
final class BFloat16Matrix extends WeightMatrix {
    private final MemorySegment data;
    private final long rowBytes;

    BFloat16Matrix(MemorySegment data, int rows, int columns) {
        super(rows, columns);
        this.data = data;
        this.rowBytes = (long) columns * Short.BYTES;
    }

    @Override
    public int operandPhases() {
        return BFloat16Weights.PHASES;
    }

    @Override
    public void multiply(int from, int to, Operand x, float[] y, int yOffset, Scratch scratch) {
        BFloat16Weights.multiply(data, 0, rowBytes, from, to, columns(), x.inTwoPhases(), y, yOffset, scratch.lanes);
    }

    @Override
    public void multiplyTransposed(
            int from,
            int count,
            int column,
            int columns,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            Scratch scratch) {
        Arrays.fill(scratch.sums, 0, columns, 0);
        long offset = from * rowBytes + (long) column * Short.BYTES;
        BFloat16Weights.combine(data, offset, rowBytes, 0, count, columns, x, xOffset, scratch.sums);
        Phases.join(scratch.sums, columns, BFloat16Weights.PHASES, y, yOffset);
    }

    @Override
    public void decode(int row, int column, int count, float[] into, int intoOffset) {
        BFloat16Weights.decode(data, row * rowBytes + (long) column * Short.BYTES, count, into, intoOffset);
    }
}
