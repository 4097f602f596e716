package dev.assay.kernels;

import org.openjdk.jmh.annotations.Param;

/// [Attention] of one token, over so many positions that caches do not hold them.
public class DecodeAttention extends Attention {
    /// Positions, that of the token included.
    @Param("16384")
    public int context;

    @Override
    Pair pair() {
        return pair(1, context);
    }
}
