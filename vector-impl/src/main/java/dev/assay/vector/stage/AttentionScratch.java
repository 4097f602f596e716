package dev.assay.vector.stage;

import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Tiles;
import dev.assay.vector.weight.Operand;

/// Room that one thread needs for attention.
final class AttentionScratch {
    /// Keys that are scored at a time; whole tiles.
    static final int BLOCK = 16 * Tiles.ROWS;

    /// Scores of a block, for the heads of a group or a panel of queries; then its weights.
    final float[] scores;
    /// A head's query, or a panel of queries.
    final float[] query;
    /// The weighted sum of values so far, for the heads of a group or a panel of queries.
    final float[] sum;
    /// For each lane or head: the largest score, the sum of weights, and what either must be multiplied by.
    final float[] maximum;
    final float[] total;
    final float[] factor;
    /// For each lane, the first and the last position that its query sees.
    final float[] lowest;
    final float[] highest;
    /// Keys and values of a block, decoded.
    final float[] keys;
    final float[] values;
    /// Keys and values of a head for all positions, made from latents.
    final float[] expandedKeys;
    final float[] expandedValues;
    /// A vector of the width of a latent that weights are multiplied by.
    final float[] latent;
    final Operand operand;

    AttentionScratch(Layout layout, int batch, int maxContext) {
        Sizes sizes = Sizes.of(layout, batch, maxContext);
        this.scores = new float[sizes.scores];
        this.query = new float[sizes.query];
        this.sum = new float[sizes.sum];
        this.maximum = new float[sizes.heads];
        this.total = new float[sizes.heads];
        this.factor = new float[sizes.heads];
        this.lowest = new float[sizes.lanes];
        this.highest = new float[sizes.lanes];
        this.keys = new float[sizes.keys];
        this.values = new float[sizes.values];
        this.expandedKeys = new float[Math.multiplyExact(sizes.positions, layout.latentKeyWidth())];
        this.expandedValues = new float[Math.multiplyExact(sizes.positions, layout.latentValueWidth())];
        this.latent = new float[layout.latentWidth()];
        this.operand = new Operand(Math.max(1, layout.latentWidth()));
    }

    /// Bytes that all this takes, but for some hundreds.
    static long bytes(Layout layout, int batch, int maxContext) {
        Sizes sizes = Sizes.of(layout, batch, maxContext);
        long expanded = (long) sizes.positions * (layout.latentKeyWidth() + layout.latentValueWidth());
        return Float.BYTES
                * ((long) sizes.scores
                        + sizes.query
                        + sizes.sum
                        + sizes.keys
                        + sizes.values
                        + expanded
                        + 3L * layout.latentWidth());
    }

    /// Numbers of each array.
    ///
    /// @param positions whose keys and values are made from latents
    private record Sizes(int lanes, int heads, int scores, int query, int sum, int keys, int values, int positions) {
        static Sizes of(Layout layout, int batch, int maxContext) {
            int lanes = Panels.WIDE * Lanes.LENGTH;
            int heads = Math.max(lanes, layout.group());
            int key = Math.max(layout.keyWidth(), layout.latentKeyWidth());
            int widest = Math.max(key, layout.latentWidth());
            int value = Math.max(layout.valueWidth(), layout.latentWidth());
            boolean expands = layout.latentWidth() > 0 && batch > 1;
            return new Sizes(
                    lanes,
                    heads,
                    BLOCK * (heads + 1),
                    widest * lanes,
                    (value + Tiles.ROWS) * heads,
                    (BLOCK + Tiles.ROWS) * widest,
                    (BLOCK + Tiles.ROWS) * value,
                    expands ? maxContext + Tiles.ROWS : 0);
        }
    }
}
