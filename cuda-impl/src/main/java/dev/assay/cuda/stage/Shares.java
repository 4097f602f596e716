package dev.assay.cuda.stage;

/// How the warps of a device share the rows of a matrix that is multiplied with one token.
///
/// A kernel has a cost of its own whatever it does, and reads at full speed only while much is in flight. So the
/// columns of a matrix of few rows are cut into slices, until there are enough warps, and those of a matrix that fits
/// into
/// the device at once are one block for each multiprocessor.
///
/// @param slices warps that share a row
/// @param warps of a block
/// @param blocks of the grid
record Shares(int slices, int warps, int blocks) {
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
    /// The same if each block has an input to normalise.
    private static final int WARPS_THAT_NORMALISE = 16;

    /// @param units of rows, a warp's at a time
    static Shares of(int units, boolean normalises, int multiprocessors) {
        int slices = 1;
        while (slices < MOST_SLICES && (long) units * slices < (long) ENOUGH * multiprocessors) {
            slices *= 2;
        }
        int each = Math.ceilDiv(units, multiprocessors) * slices;
        int warps = each <= MOST_WARPS ? each : normalises ? WARPS_THAT_NORMALISE : WARPS;
        return new Shares(slices, warps, Math.ceilDiv(units, warps / slices));
    }

    int threads() {
        return warps * WARP;
    }
}
