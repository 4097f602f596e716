package dev.assay.plan;

/// From token ids to hidden states: a row of the table, scaled, plus a row for the position where there is one.
///
/// @param table `[vocabulary][hidden size]`
public record Embedding(WeightRef table, Scale scale, Positions positions) {
    public Embedding {
        if (positions instanceof Positions.Learned(WeightRef rows)) {
            Checks.shape(rows, rows.rows(), table.columns());
        }
    }

    /// What rows of the table are multiplied by.
    public sealed interface Scale {
        record None() implements Scale {}

        /// A number, which Hugging Face rounds to the type that the model computes in: Gemma's √(hidden size).
        record Constant(double factor) implements Scale {
            public Constant {
                Checks.positive("embedding scale", factor);
            }
        }
    }

    /// What positions add to hidden states before the first layer.
    public sealed interface Positions {
        record None() implements Positions {}

        /// A row for each position, and no more positions than rows: GPT-2.
        record Learned(WeightRef table) implements Positions {}
    }
}
