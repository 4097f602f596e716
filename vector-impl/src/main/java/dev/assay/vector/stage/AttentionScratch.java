package dev.assay.vector.stage;

import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Tiles;
import dev.assay.vector.weight.Operand;

/// Room that one thread needs for attention.
final class AttentionScratch {
    /// Keys that are scored at a time; whole tiles.
    static final int BLOCK = 16 * Tiles.ROWS;

    /// Room for the accumulators of a kernel.
    final float[] lanes = new float[4 * Lanes.LENGTH];
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
        int lanes = Panels.WIDE * Lanes.LENGTH;
        int heads = Math.max(lanes, layout.group());
        int key = Math.max(layout.keyWidth(), layout.latentKeyWidth());
        int value = Math.max(layout.valueWidth(), layout.latentWidth());
        this.scores = new float[BLOCK * (heads + 1)];
        this.query = new float[Math.max(key, layout.latentWidth()) * lanes];
        this.sum = new float[(value + Tiles.ROWS) * heads];
        this.maximum = new float[heads];
        this.total = new float[heads];
        this.factor = new float[heads];
        this.lowest = new float[lanes];
        this.highest = new float[lanes];
        this.keys = new float[(BLOCK + Tiles.ROWS) * Math.max(key, layout.latentWidth())];
        this.values = new float[(BLOCK + Tiles.ROWS) * value];
        boolean expands = layout.latentWidth() > 0 && batch > 1;
        int positions = expands ? maxContext + Tiles.ROWS : 0;
        this.expandedKeys = new float[Math.multiplyExact(positions, layout.latentKeyWidth())];
        this.expandedValues = new float[Math.multiplyExact(positions, layout.latentValueWidth())];
        this.latent = new float[layout.latentWidth()];
        this.operand = new Operand(Math.max(1, layout.latentWidth()));
    }
}
