package dev.assay.vector.weight;

import dev.assay.vector.kernel.Float32Weights;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Rows of float32, one after another.
final class Float32Matrix extends WeightMatrix {
    private final MemorySegment data;
    private final long rowBytes;

    Float32Matrix(MemorySegment data, int rows, int columns) {
        super(rows, columns);
        this.data = data;
        this.rowBytes = (long) columns * Float.BYTES;
    }

    @Override
    public int operandPhases() {
        return 1;
    }

    @Override
    public void multiply(int from, int to, Operand x, float[] y, int yOffset, Scratch scratch) {
        Float32Weights.multiply(data, 0, rowBytes, from, to, columns(), x.plain(), y, yOffset, scratch.lanes);
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
        long offset = from * rowBytes + (long) column * Float.BYTES;
        Float32Weights.combine(data, offset, rowBytes, 0, count, columns, x, xOffset, scratch.sums);
        System.arraycopy(scratch.sums, 0, y, yOffset, columns);
    }

    @Override
    public void decode(int row, int column, int count, float[] into, int intoOffset) {
        Float32Weights.decode(data, row * rowBytes + (long) column * Float.BYTES, count, into, intoOffset);
    }
}
