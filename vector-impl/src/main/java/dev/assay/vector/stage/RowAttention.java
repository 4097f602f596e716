package dev.assay.vector.stage;

import dev.assay.vector.kernel.AttentionRows;
import dev.assay.vector.kernel.Exponentials;
import dev.assay.vector.kernel.Rows;
import java.util.Arrays;

/// The softmax of attention for the query of one token, for several heads that see the same keys and values, a block of
/// these at a time.
final class RowAttention {
    private RowAttention() {}

    static void begin(AttentionScratch scratch, int heads, int valueWidth) {
        Arrays.fill(scratch.maximum, 0, heads, Float.NEGATIVE_INFINITY);
        Arrays.fill(scratch.total, 0, heads, 0);
        Arrays.fill(scratch.sum, 0, heads * valueWidth, 0);
    }

    /// Takes a block into account whose scores for a head are there.
    ///
    /// @param scoreOffset where the scores of `count` keys begin, which become weights
    /// @param values value s at `valueOffset + s · valueWidth`
    static void block(
            AttentionScratch scratch,
            int head,
            int count,
            int scoreOffset,
            float[] values,
            int valueOffset,
            int valueWidth) {
        float before = scratch.maximum[head];
        float maximum = Math.max(before, Rows.max(scratch.scores, scoreOffset, count));
        float total = Exponentials.exp(scratch.scores, scoreOffset, count, maximum);
        if (maximum > before) {
            float factor = (float) Math.exp((double) before - maximum);
            scratch.total[head] *= factor;
            Rows.scale(factor, scratch.sum, head * valueWidth, valueWidth);
            scratch.maximum[head] = maximum;
        }
        scratch.total[head] += total;
        AttentionRows.weightedSum(
                scratch.scores, scoreOffset, count, values, valueOffset, valueWidth, scratch.sum, head * valueWidth);
    }

    /// Writes a head's result.
    static void end(AttentionScratch scratch, int head, int valueWidth, float[] into, int offset) {
        System.arraycopy(scratch.sum, head * valueWidth, into, offset, valueWidth);
        Rows.scale(1 / scratch.total[head], into, offset, valueWidth);
    }
}
