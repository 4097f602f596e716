package dev.assay.plan;

/// How a stored tensor holds a matrix of `[rows][columns]`.
public sealed interface WeightLayout {
    /// `[rows][columns]`, whole.
    record RowsFirst() implements WeightLayout {}

    /// `[columns][storedRows]`, of which the matrix is the rows from `firstRow` on: Hugging Face's `Conv1D`, GPT-2.
    record ColumnsFirst(int storedRows, int firstRow) implements WeightLayout {
        public ColumnsFirst {
            Checks.positive("stored rows", storedRows);
        }
    }

    /// `[count][columns][storedRows]`: the experts of Llama 4, of which this is the one at `position`.
    record StackedColumnsFirst(int count, int position, int storedRows, int firstRow) implements WeightLayout {
        public StackedColumnsFirst {
            Checks.positive("count", count);
            Checks.between("position", position, 0, count - 1);
            Checks.positive("stored rows", storedRows);
        }
    }
}
