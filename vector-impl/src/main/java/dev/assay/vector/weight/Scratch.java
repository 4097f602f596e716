package dev.assay.vector.weight;

import dev.assay.vector.kernel.Lanes;

/// Room that one thread needs for products with weights.
public final class Scratch {
    /// Bytes of decoded weights that a product with many tokens works on at a time: they and a panel of tokens are
    /// to stay in the second-level cache.
    static final int BLOCK_BYTES = 384 << 10;

    /// Room for the accumulators of a kernel.
    final float[] lanes = new float[4 * Lanes.LENGTH];
    /// Sums in [phases][dev.assay.vector.kernel.Phases].
    final float[] sums;
    /// A row of weights, decoded.
    final float[] row;
    /// Rows of weights, decoded: a block.
    final float[] block;
    /// Products of a block and a panel.
    final float[] tile;

    /// @param widest the longest row or column of any weight
    public Scratch(int widest) {
        this.sums = new float[widest];
        this.row = new float[widest];
        this.block = new float[Product.largestBlock(widest)];
        this.tile = new float[Product.largestTile()];
    }

    /// Bytes that all this takes, but for some hundreds.
    public static long bytes(int widest) {
        return Float.BYTES * (2L * widest + Product.largestBlock(widest) + Product.largestTile());
    }

    /// Room for a row of any weight, for whoever is not within a product.
    public float[] row() {
        return row;
    }
}
