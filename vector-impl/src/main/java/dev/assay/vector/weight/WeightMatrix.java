package dev.assay.vector.weight;

/// The matrix W of a linear map, `[rows][columns]`, in the type and layout of the checkpoint.
///
/// Methods work on a part of the matrix, so that threads can share the work; they may be called by several threads at
/// once, each with a [Scratch] of its own.
public abstract sealed class WeightMatrix
        permits Float32Matrix, BFloat16Matrix, Float16Matrix, Float8Matrix, ColumnMajorMatrix {
    private final int rows;
    private final int columns;

    WeightMatrix(int rows, int columns) {
        this.rows = rows;
        this.columns = columns;
    }

    public final int rows() {
        return rows;
    }

    public final int columns() {
        return columns;
    }

    /// In how many phases [#multiply] wants its operand.
    public abstract int operandPhases();

    /// y\[yOffset + r\] = Σ W\[r\]\[k\]·x\[k\] for rows `from` to `to`.
    public abstract void multiply(int from, int to, Operand x, float[] y, int yOffset, Scratch scratch);

    /// y\[yOffset + c\] = Σ x\[xOffset + r\]·W\[from + r\]\[column + c\] over `count` rows from `from` on, for
    /// `columns` columns from `column` on: a product with a part of the transpose.
    public abstract void multiplyTransposed(
            int from,
            int count,
            int column,
            int columns,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            Scratch scratch);

    /// Decodes `count` elements of a row from `column` on.
    public abstract void decode(int row, int column, int count, float[] into, int intoOffset);

    /// Decodes `count` whole rows, `[count][columns]`.
    void decodeRows(int from, int count, float[] into, Scratch scratch) {
        for (int r = 0; r < count; r++) {
            decode(from + r, 0, columns, into, r * columns);
        }
    }
}
