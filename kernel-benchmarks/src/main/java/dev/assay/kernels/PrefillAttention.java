package dev.assay.kernels;

import org.openjdk.jmh.annotations.Param;

/// [Attention] of a prompt's tokens.
public class PrefillAttention extends Attention {
    @Param("256")
    public int tokens;

    /// Positions, those of the tokens included.
    @Param("512")
    public int context;

    @Override
    Pair pair() {
        return pair(tokens, context);
    }
}
