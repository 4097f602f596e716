package dev.assay.cuda.stage;

/// How the warps of a device share the rows of a matrix that is multiplied with one token.
///
/// A kernel has a cost of its own whatever it does, and reads at full speed only while much is in flight. So the
/// columns of a matrix of few rows are cut into slices, until there are enough warps; a matrix that fits into the
/// device at
/// once is one block for each multiprocessor. Of a larger one each block has its rows; but if blocks must normalise the
/// input, then those that fit at once take rows in turns.
///
/// @param slices warps that share a row
/// @param warps of a block
/// @param blocks of the grid
/// @param inTurns whether warps have more than one unit of rows
record Shares(int slices, int warps, int blocks, boolean inTurns) {
    private static final int WARP = 32;
    private static final int MOST_SLICES = 8;
    /// Warps of a multiprocessor that are enough to keep it reading.
    private static final int ENOUGH = 12;
    /// `ONE_TOKEN_THREADS` of linear.cu are enough for so many warps; with more, a block does not fit beside the
    /// next
    /// kernel's.
    private static final int MOST_WARPS = 24;
    /// Warps of a block of a matrix that is larger than the device.
    private static final int WARPS = 8;
    /// The same if blocks take rows in turns, and such blocks of a multiprocessor.
    private static final int WARPS_IN_TURNS = 16;

    private static final int BLOCKS_IN_TURNS = 2;

    /// @param units of rows, a warp's at a time
    static Shares of(int units, boolean normalises, int multiprocessors) {
        int slices = 1;
        while (slices < MOST_SLICES && (long) units * slices < (long) ENOUGH * multiprocessors) {
            slices *= 2;
        }
        int warps = Math.ceilDiv(units, multiprocessors) * slices;
        if (warps <= MOST_WARPS) {
            return new Shares(slices, warps, Math.ceilDiv(units, warps / slices), false);
        }
        return normalises
                ? new Shares(1, WARPS_IN_TURNS, blocksInTurns(units, WARPS_IN_TURNS, multiprocessors), true)
                : new Shares(1, WARPS, Math.ceilDiv(units, WARPS), false);
    }

    /// Blocks that take units in turns: as many as fit at once, or fewer that have as many turns.
    static int blocksInTurns(int units, int unitsOfBlock, int multiprocessors) {
        int turns = Math.ceilDiv(units, BLOCKS_IN_TURNS * multiprocessors * unitsOfBlock);
        return Math.ceilDiv(units, turns * unitsOfBlock);
    }

    int threads() {
        return warps * WARP;
    }
}
