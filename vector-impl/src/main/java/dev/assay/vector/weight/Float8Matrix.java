package dev.assay.vector.weight;

import dev.assay.config.BlockSize;
import dev.assay.vector.kernel.Float8Weights;
import dev.assay.vector.kernel.Lanes;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

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
        if (hasKernel() && column == 0 && columns % (Float8Weights.PHASES * Lanes.LENGTH) == 0) {
            Arrays.fill(scratch.sums, 0, columns, 0);
            if (Float8Weights.combine(
                    data,
                    columns(),
                    from,
                    from + count,
                    columns,
                    scales,
                    block.rows(),
                    block.columns(),
                    x,
                    xOffset,
                    scratch.sums)) {
                Float8Weights.finish(scratch.sums, columns, y, yOffset);
                return;
            }
        }
        Decoded.multiplyTransposed(this, from, count, column, columns, x, xOffset, y, yOffset, scratch);
    }

    @Override
    public void decode(int row, int column, int count, float[] into, int intoOffset) {
        long start = (long) row * columns();
        int rowScales = row / block.rows() * Math.ceilDiv(columns(), block.columns());
        int end = column + count;
        for (int k = column; k < end; ) {
            int blockColumn = k / block.columns();
            int blockEnd = Math.min(end, (blockColumn + 1) * block.columns());
            Float8Weights.decode(
                    data, start + k, blockEnd - k, scales[rowScales + blockColumn], into, intoOffset + k - column);
            k = blockEnd;
        }
    }
}
