package dev.assay.plan;

import java.util.List;
import java.util.Objects;

/// The matrix W of a linear map y = W·x, `[rows][columns]`: one row an output, one column an input.
///
/// @param name of the stored tensor, as published
/// @param layout how the stored tensor holds it
public record WeightRef(String name, int rows, int columns, WeightLayout layout) implements Ref {
    public WeightRef {
        Checks.name(name);
        Checks.positive(name + " rows", rows);
        Checks.positive(name + " columns", columns);
        switch (layout) {
            case WeightLayout.RowsFirst _ -> {}
            case WeightLayout.ColumnsFirst(int storedRows, int firstRow) ->
                Checks.between(name + " first row", firstRow, 0, storedRows - rows);
            case WeightLayout.StackedColumnsFirst(int _, int _, int storedRows, int firstRow) ->
                Checks.between(name + " first row", firstRow, 0, storedRows - rows);
        }
    }

    /// A matrix stored as it is meant, as of every `Linear` of Hugging Face.
    public static WeightRef rowsFirst(String name, int rows, int columns) {
        return new WeightRef(name, rows, columns, new WeightLayout.RowsFirst());
    }

    @Override
    public long elements() {
        return (long) rows * columns;
    }

    @Override
    public List<Integer> storedShape() {
        return switch (layout) {
            case WeightLayout.RowsFirst _ -> List.of(rows, columns);
            case WeightLayout.ColumnsFirst(int storedRows, int _) -> List.of(columns, storedRows);
            case WeightLayout.StackedColumnsFirst(int count, int _, int storedRows, int _) ->
                List.of(count, columns, storedRows);
        };
    }

    /// Where the element in `row` and `column` stands among the elements of the stored tensor, in row-major order.
    ///
    /// @throws IndexOutOfBoundsException if the matrix has no such row or column
    public long index(int row, int column) {
        long r = Objects.checkIndex(row, rows);
        long c = Objects.checkIndex(column, columns);
        return switch (layout) {
            case WeightLayout.RowsFirst _ -> r * columns + c;
            case WeightLayout.ColumnsFirst(int storedRows, int firstRow) -> c * storedRows + firstRow + r;
            case WeightLayout.StackedColumnsFirst(int _, int position, int storedRows, int firstRow) ->
                ((long) position * columns + c) * storedRows + firstRow + r;
        };
    }
}
