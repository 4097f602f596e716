package dev.assay.vector.weight;

/// A matrix that is stored transposed, perhaps beside others: W\[r\]\[c\] is `stored`\[firstRow + c\]\[firstColumn +
/// r\].
final class ColumnMajorMatrix extends WeightMatrix {
    private final WeightMatrix stored;
    private final int firstRow;
    private final int firstColumn;

    ColumnMajorMatrix(WeightMatrix stored, int firstRow, int firstColumn, int rows, int columns) {
        super(rows, columns);
        this.stored = stored;
        this.firstRow = firstRow;
        this.firstColumn = firstColumn;
    }

    @Override
    public int operandPhases() {
        return 1;
    }

    @Override
    public void multiply(int from, int to, Operand x, float[] y, int yOffset, Scratch scratch) {
        stored.multiplyTransposed(
                firstRow, columns(), firstColumn + from, to - from, x.plain(), 0, y, yOffset + from, scratch);
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
        for (int c = 0; c < count; c++) {
            stored.decode(firstRow + column + c, firstColumn + row, 1, into, intoOffset + c);
        }
    }

    @Override
    void decodeRows(int from, int count, float[] into, Scratch scratch) {
        for (int c = 0; c < columns(); c++) {
            stored.decode(firstRow + c, firstColumn + from, count, scratch.row, 0);
            for (int r = 0; r < count; r++) {
                into[r * columns() + c] = scratch.row[r];
            }
        }
    }
}
