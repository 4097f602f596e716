package dev.assay.vector.stage;

import dev.assay.plan.Temperature;
import dev.assay.vector.kernel.Rotation;
import dev.assay.vector.kernel.Rows;

/// Something done, in place, to the heads of a token that lie side by side in a row.
sealed interface RowTransform {
    /// Does it to one row.
    ///
    /// @param token index within the pass
    /// @param x the row, `width` numbers from `offset` on
    void apply(Pass pass, int token, float[] x, int offset, int width);

    /// Normalises every `norm.size()` numbers by themselves: a head, or all heads together.
    record Normalise(RowNorm norm) implements RowTransform {
        @Override
        public void apply(Pass pass, int token, float[] x, int offset, int width) {
            for (int i = offset; i < offset + width; i += norm.size()) {
                norm.apply(x, i, x, i);
            }
        }
    }

    /// Turns the first `2 · pairs` numbers of each head, pair (j, j + pairs).
    ///
    /// @param table of cos and sin
    record RotateHalfSplit(int table, int pairs, int headDim) implements RowTransform {
        @Override
        public void apply(Pass pass, int token, float[] x, int offset, int width) {
            for (int i = offset; i < offset + width; i += headDim) {
                Rotation.halfSplit(x, i, pairs, pass.cos[table], pass.sin[table], token * pairs);
            }
        }
    }

    /// Turns the first `2 · pairs` numbers of each head, pair (2j, 2j + 1).
    record RotateInterleaved(int table, int pairs, int headDim) implements RowTransform {
        @Override
        public void apply(Pass pass, int token, float[] x, int offset, int width) {
            for (int i = offset; i < offset + width; i += headDim) {
                Rotation.interleaved(x, i, pairs, pass.cos[table], pass.sin[table], token * pairs);
            }
        }
    }

    /// Multiplies by a factor that depends on the position.
    record Heat(Temperature.LogarithmOfPosition temperature) implements RowTransform {
        @Override
        public void apply(Pass pass, int token, float[] x, int offset, int width) {
            Rows.scale((float) temperature.at((long) pass.start() + token), x, offset, width);
        }
    }
}
