package dev.assay.vector.weight;

import dev.assay.config.BlockSize;
import dev.assay.vector.kernel.Float8Weights;
import java.lang.foreign.MemorySegment;

/// Rows of FP8 E4M3, one after another, with a float32 scale for each block of rows and columns.
final class Float8Matrix extends WeightMatrix {
    private final MemorySegment data;
    private final float[] scales; // [⌈rows / block.rows⌉][⌈columns / block.columns⌉], row-major
    private final BlockSize block;

    Float8Matrix(MemorySegment data, int rows, int columns, float[] scales, BlockSize block) {
        super(rows, columns);
        this.data = data;
        this.scales = scales;
        this.block = block;
    }

    private boolean hasKernel() {
        return Float8Weights.blocksAreWhole(block.columns());
    }

    @Override
    public int operandPhases() {
        return hasKernel() ? Float8Weights.PHASES : 1;
    }

    @Override
    public void multiply(int from, int to, Operand x, float[] y, int yOffset, Scratch scratch) {
        if (hasKernel()) {
            Float8Weights.multiply(
                    data,
                    0,
                    columns(),
                    from,
                    to,
                    columns(),
                    scales,
                    block.rows(),
                    block.columns(),
                    x.inFourPhases(),
                    y,
                    yOffset,
                    scratch.lanes);
        } else {
            Decoded.multiply(this, from, to, x.plain(), y, yOffset, scratch);
        }
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
        Float8Weights.decode(data, (long) row * columns() + column, count, into, intoOffset);
        int rowScales = row / block.rows() * Math.ceilDiv(columns(), block.columns());
        for (int k = 0; k < count; k++) {
            into[intoOffset + k] *= scales[rowScales + (column + k) / block.columns()];
        }
    }
}
