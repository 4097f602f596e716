package dev.assay.vector.kernel;

/// Layout of a batch of tokens for matrix products: tokens stand in the lanes.
///
/// A panel is `[numbers][tokens of the panel]`: the same number of neighbouring tokens side by side, so that one load
/// gives an operand for all of them. Panels are [#WIDE] vectors wide as long as tokens last, then one vector, the last
/// of which may have lanes to spare; these are zero.
public final class Panels {
    /// Vectors of a wide panel. With six rows, four make 24 accumulators of AVX-512's 32 registers; half of that
    /// suits the 16 registers of narrower sets.
    public static final int WIDE = Lanes.BITS == 512 ? 4 : 2;

    private static final int WIDE_TOKENS = WIDE * Lanes.LENGTH;

    private Panels() {}

    /// Panels that `tokens` tokens fill.
    public static int count(int tokens) {
        int rest = tokens % WIDE_TOKENS;
        return tokens / WIDE_TOKENS + Math.ceilDiv(rest, Lanes.LENGTH);
    }

    /// The first token of a panel.
    public static int start(int panel, int tokens) {
        int wide = tokens / WIDE_TOKENS;
        return panel <= wide ? panel * WIDE_TOKENS : wide * WIDE_TOKENS + (panel - wide) * Lanes.LENGTH;
    }

    /// Vectors of a panel: [#WIDE] or 1.
    public static int vectors(int panel, int tokens) {
        return panel < tokens / WIDE_TOKENS ? WIDE : 1;
    }

    /// Tokens in a panel, spare lanes not counted.
    public static int tokens(int panel, int tokens) {
        return Math.min(vectors(panel, tokens) * Lanes.LENGTH, tokens - start(panel, tokens));
    }

    /// Lanes of all panels of `tokens` tokens, spare ones counted.
    public static int lanes(int tokens) {
        return Math.ceilDiv(tokens, Lanes.LENGTH) * Lanes.LENGTH;
    }

    /// Packs numbers `from` to `to` of a panel's tokens.
    ///
    /// @param x rows of tokens, `stride` numbers apart, the first token's first number at `xOffset`
    /// @param rows the row of each token in `x`, from index `firstRow` on
    /// @param panel receives number i of the token in lane l at `panelOffset + i · lanes + l`
    public static void pack(
            float[] x,
            int xOffset,
            int stride,
            int[] rows,
            int firstRow,
            int tokens,
            int from,
            int to,
            float[] panel,
            int panelOffset,
            int lanes) {
        // Blocks of 16 numbers, so that what is written stays in the first-level cache until its line is full.
        for (int block = from; block < to; block += 16) {
            int end = Math.min(to, block + 16);
            for (int l = 0; l < tokens; l++) {
                int row = xOffset + rows[firstRow + l] * stride;
                for (int i = block; i < end; i++) {
                    panel[panelOffset + i * lanes + l] = x[row + i];
                }
            }
            for (int l = tokens; l < lanes; l++) {
                for (int i = block; i < end; i++) {
                    panel[panelOffset + i * lanes + l] = 0;
                }
            }
        }
    }

    /// Writes a panel back to rows of tokens.
    ///
    /// @param panel has number i of the token in lane l at `panelOffset + i · lanes + l`
    /// @param y receives it at `yOffset + l · stride + i`
    public static void unpack(
            float[] panel, int panelOffset, int lanes, int count, int tokens, float[] y, int yOffset, int stride) {
        for (int l = 0; l < tokens; l++) {
            int row = yOffset + l * stride;
            for (int i = 0; i < count; i++) {
                y[row + i] = panel[panelOffset + i * lanes + l];
            }
        }
    }
}
