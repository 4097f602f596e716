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

    /// Takes a block into account, whose scores are there: `[heads][BLOCK]`, of which `count` keys each. They
    /// become weights.
    ///
    /// @param values value s at `valueOffset + s · valueWidth`
    static void block(AttentionScratch scratch, int heads, int count, float[] values, int valueOffset, int valueWidth) {
        for (int head = 0; head < heads; head++) {
            int scores = head * AttentionScratch.BLOCK;
            float before = scratch.maximum[head];
            float maximum = Math.max(before, Rows.max(scratch.scores, scores, count));
            float total = Exponentials.exp(scratch.scores, scores, count, maximum);
            if (maximum > before) {
                float factor = (float) Math.exp((double) before - maximum);
                scratch.total[head] *= factor;
                Rows.scale(factor, scratch.sum, head * valueWidth, valueWidth);
                scratch.maximum[head] = maximum;
            }
            scratch.total[head] += total;
        }
        AttentionRows.weightedSums(
                scratch.scores,
                0,
                AttentionScratch.BLOCK,
                heads,
                count,
                values,
                valueOffset,
                valueWidth,
                scratch.sum,
                0);
    }

    /// Writes a head's result.
    static void end(AttentionScratch scratch, int head, int valueWidth, float[] into, int offset) {
        System.arraycopy(scratch.sum, head * valueWidth, into, offset, valueWidth);
        Rows.scale(1 / scratch.total[head], into, offset, valueWidth);
    }
}
