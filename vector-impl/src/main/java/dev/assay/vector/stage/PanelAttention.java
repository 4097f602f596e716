package dev.assay.vector.stage;

import dev.assay.plan.Mask;
import dev.assay.vector.kernel.AttentionPanels;
import dev.assay.vector.kernel.Exponentials;
import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Rows;
import dev.assay.vector.kernel.Tiles;
import java.util.Arrays;

/// Attention of one head for a panel of neighbouring queries, in one pass over the keys: a block is scored, weighted
/// and added up before the next one, so scores of a long prompt are never all there at once (online softmax,
/// arXiv:1805.02867).
final class PanelAttention {
    private PanelAttention() {}

    /// Begins with a panel of queries.
    ///
    /// @param queries the query of token t at `offset + t · stride`, `keyWidth` numbers
    static void begin(
            Pass pass,
            AttentionScratch scratch,
            int panel,
            Mask mask,
            double scale,
            float[] queries,
            int offset,
            int stride,
            int keyWidth,
            int valueWidth) {
        int tokens = pass.tokens();
        int first = Panels.start(panel, tokens);
        int count = Panels.tokens(panel, tokens);
        int lanes = Panels.vectors(panel, tokens) * Lanes.LENGTH;
        Panels.pack(queries, offset, stride, pass.inOrder, first, count, 0, keyWidth, scratch.query, 0, lanes);
        Rows.scale((float) scale, scratch.query, 0, keyWidth * lanes);
        for (int l = 0; l < lanes; l++) {
            // Spare lanes see what the last token sees; nobody reads their result.
            int position = pass.start() + first + Math.min(l, count - 1);
            scratch.lowest[l] = position + 1 - mask.visible(position);
            scratch.highest[l] = position;
        }
        Arrays.fill(scratch.maximum, 0, lanes, AttentionPanels.UNSEEN);
        Arrays.fill(scratch.total, 0, lanes, 0);
        Arrays.fill(scratch.sum, 0, Math.ceilDiv(valueWidth, Tiles.ROWS) * Tiles.ROWS * lanes, 0);
    }

    /// The first position that any query of the panel sees.
    static int lowest(AttentionScratch scratch) {
        return (int) scratch.lowest[0];
    }

    /// The last one.
    static int highest(Pass pass, int panel) {
        int tokens = pass.tokens();
        return pass.start() + Panels.start(panel, tokens) + Panels.tokens(panel, tokens) - 1;
    }

    /// Takes a block of keys and values into account.
    ///
    /// @param position of the first of `count` keys, at most [AttentionScratch#BLOCK]
    /// @param keys key s at `keyOffset + s · keyWidth`, with room to read up to five more
    /// @param values value s at `valueOffset + s · valueWidth`, likewise
    static void block(
            AttentionScratch scratch,
            int vectors,
            int position,
            int count,
            float[] keys,
            int keyOffset,
            int keyWidth,
            float[] values,
            int valueOffset,
            int valueWidth) {
        int lanes = vectors * Lanes.LENGTH;
        int keyRows = Math.ceilDiv(count, Tiles.ROWS) * Tiles.ROWS;
        int valueRows = Math.ceilDiv(valueWidth, Tiles.ROWS) * Tiles.ROWS;
        Arrays.fill(scratch.scores, 0, keyRows * lanes, 0);
        Tiles.multiply(keys, keyOffset, keyWidth, 1, keyRows, keyWidth, scratch.query, 0, vectors, scratch.scores, 0);
        // Earlier queries may not see the block's last keys, later ones not its first.
        if (position + count - 1 > scratch.highest[0] || position < scratch.lowest[lanes - 1]) {
            AttentionPanels.mask(scratch.scores, count, lanes, position, scratch.lowest, scratch.highest);
        }
        AttentionPanels.shiftByMaximum(scratch.scores, count, lanes, scratch.maximum, scratch.factor);
        Exponentials.exp(scratch.factor, 0, lanes, 0);
        Exponentials.exp(scratch.scores, 0, count * lanes, 0);
        AttentionPanels.addUp(scratch.scores, count, lanes, scratch.factor, scratch.total);
        AttentionPanels.scale(scratch.sum, valueWidth, lanes, scratch.factor);
        Tiles.multiply(
                values, valueOffset, 1, valueWidth, valueRows, count, scratch.scores, 0, vectors, scratch.sum, 0);
    }

    /// Writes the result of token t of the panel to `offset + t · stride`.
    static void end(
            Pass pass, AttentionScratch scratch, int panel, int valueWidth, float[] context, int offset, int stride) {
        int tokens = pass.tokens();
        int lanes = Panels.vectors(panel, tokens) * Lanes.LENGTH;
        AttentionPanels.divide(scratch.sum, valueWidth, lanes, scratch.total);
        Panels.unpack(
                scratch.sum,
                0,
                lanes,
                valueWidth,
                Panels.tokens(panel, tokens),
                context,
                offset + Panels.start(panel, tokens) * stride,
                stride);
    }
}
