package dev.assay.vector.weight;

import dev.assay.vector.kernel.Float16Weights;
import java.lang.foreign.MemorySegment;

/// Rows of IEEE float16, one after another.
final class Float16Matrix extends WeightMatrix {
    private final MemorySegment data;
    private final long rowBytes;

    Float16Matrix(MemorySegment data, int rows, int columns) {
        super(rows, columns);
        this.data = data;
        this.rowBytes = (long) columns * Short.BYTES;
    }

    @Override
    public int operandPhases() {
        return Float16Weights.PHASES;
    }

    @Override
    public void multiply(int from, int to, Operand x, float[] y, int yOffset, Scratch scratch) {
        Float16Weights.multiply(data, 0, rowBytes, from, to, columns(), x.inTwoPhases(), y, yOffset, scratch.lanes);
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
        Decoded.multiplyTransposed(this, from, count, column, columns, x, xOffset, y, yOffset, scratch);
    }

    @Override
    public void decode(int row, int column, int count, float[] into, int intoOffset) {
        Float16Weights.decode(data, row * rowBytes + (long) column * Short.BYTES, count, into, intoOffset);
    }
}
