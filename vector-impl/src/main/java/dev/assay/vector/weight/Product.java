package dev.assay.vector.weight;

import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Tiles;
import java.util.Arrays;

/// Products of weights and many tokens.
///
/// A block of weight rows is decoded once and multiplied by every panel of tokens: what a panel's slice of
/// [#DEPTH] numbers and the block take together stays in the second-level cache.
public final class Product {
    /// Numbers of a row that are multiplied before the next rows' turn comes.
    private static final int DEPTH = 512;

    /// The most rows of a block.
    private static final int MOST_ROWS = 16 * Tiles.ROWS;

    private Product() {}

    /// Rows of a block of a matrix with that many columns: whole tiles.
    static int blockRows(int columns) {
        int rows = Scratch.BLOCK_BYTES / Float.BYTES / columns / Tiles.ROWS * Tiles.ROWS;
        return Math.clamp(rows, Tiles.ROWS, MOST_ROWS);
    }

    /// Numbers of the largest block of any matrix with up to `widest` columns.
    static int largestBlock(int widest) {
        return Math.max(Scratch.BLOCK_BYTES / Float.BYTES, Tiles.ROWS * widest);
    }

    static int largestTile() {
        return MOST_ROWS * Panels.WIDE * Lanes.LENGTH;
    }

    /// Y = X·Wᵀ for rows `from` to `to` of W: y\[yOffset + t·stride + r\] for each token t and row r.
    ///
    /// @param x the tokens in [panels][Panels], each panel `[columns][lanes]`, one after another
    public static void multiply(
            WeightMatrix w,
            int from,
            int to,
            float[] x,
            int tokens,
            float[] y,
            int yOffset,
            int stride,
            Scratch scratch) {
        int columns = w.columns();
        int most = blockRows(columns);
        int panels = Panels.count(tokens);
        for (int row = from; row < to; row += most) {
            int rows = Math.min(most, to - row);
            int padded = Math.ceilDiv(rows, Tiles.ROWS) * Tiles.ROWS;
            w.decodeRows(row, rows, scratch.block, scratch);
            Arrays.fill(scratch.block, rows * columns, padded * columns, 0);
            for (int p = 0; p < panels; p++) {
                int vectors = Panels.vectors(p, tokens);
                int lanes = vectors * Lanes.LENGTH;
                int start = Panels.start(p, tokens);
                Arrays.fill(scratch.tile, 0, padded * lanes, 0);
                for (int k = 0; k < columns; k += DEPTH) {
                    Tiles.multiply(
                            scratch.block,
                            k,
                            columns,
                            1,
                            padded,
                            Math.min(DEPTH, columns - k),
                            x,
                            start * columns + k * lanes,
                            vectors,
                            scratch.tile,
                            0);
                }
                Panels.unpack(
                        scratch.tile,
                        0,
                        lanes,
                        rows,
                        Panels.tokens(p, tokens),
                        y,
                        yOffset + start * stride + row,
                        stride);
            }
        }
    }
}
