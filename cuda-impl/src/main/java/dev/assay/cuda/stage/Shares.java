package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.weight.DeviceMatrix;
import java.util.Locale;

/// How the warps of a device share a product with one token. A team of warps has a unit of rows, of whose columns each
/// warp has some spans; each block has some teams.
///
/// A matrix that is small enough is one block for each multiprocessor. A larger one is many blocks, of which some fit
/// into a multiprocessor and begin whenever one ends.
///
/// @param team warps that have a unit together
/// @param teams of a block
/// @param blocks of the grid
/// @param sharedBytes of a block
/// @param inTurns whether a warp asks for half of its weights at a time: where all of a matrix would be on its way at
///     once, the kernel before would have to queue behind it with what it still reads
public record Shares(int team, int teams, int blocks, int sharedBytes, boolean inTurns) {
    /// `UNIT` and `SPAN` of linear.cu.
    private static final int UNIT = 8;

    private static final int SPAN = 256;
    private static final int WARP = 32;
    /// Warps of a block, at most: two blocks of different kernels shall fit into a multiprocessor.
    private static final int WARPS_OF_BLOCK = 12;
    /// Warps of one of more blocks than are in the device at once, unless its team is larger.
    private static final int WARPS_OF_PART = 8;
    /// Warps of a block that has chosen experts, at most.
    private static final int WARPS_OF_CHOSEN = 16;
    /// Warps whose registers a multiprocessor has.
    private static final int RESIDENT_WARPS = 32;
    /// `Choice` of routers.h, which blocks of chosen experts have before their weights.
    private static final int CHOICE_BYTES = 12 * 1024;
    /// Of shared memory that the kernels have anyway, at most.
    private static final int OTHER_SHARED_BYTES = 4096;

    /// Shares of one of several products at once.
    ///
    /// @param count rows of a result
    /// @param matrices of `count` rows that a result is of, one below the other
    /// @param products at once
    public static Shares of(DeviceMatrix w, int count, int matrices, int products, Device device) {
        int most = Math.min(WARPS_OF_BLOCK, mostWarps(w, device));
        int team = team(Math.ceilDiv(w.columns(), SPAN), most);
        int units = Math.ceilDiv(count, UNIT / matrices);
        int all = Math.ceilDiv(units, Math.max(1, device.multiprocessors() / products));
        long bytes = (long) w.rows() * w.columns() * w.type().bytes() * products;
        boolean inTurns = bytes <= (long) device.multiprocessors() * device.sharedBytes();
        int fitting = inTurns ? most / team : Math.max(1, Math.min(WARPS_OF_PART, most) / team);
        return of(w, team, Math.min(all, fitting), units, inTurns);
    }

    /// Shares of products with chosen experts, whose blocks all fit into the device at once and go on to further
    /// units.
    ///
    /// @param width rows of a gate
    /// @param products at once
    static Shares ofChosen(DeviceMatrix gateUp, int width, int products, Device device) {
        int most = Math.min(WARPS_OF_CHOSEN, mostWarps(gateUp, device));
        int team = team(Math.ceilDiv(gateUp.columns(), SPAN), most);
        return of(gateUp, team, 1, Math.ceilDiv(width, UNIT / 2), false).resident(products, device);
    }

    /// The same for a sum of products with several matrices, of whose warps each has a part of one.
    ///
    /// @param first of the matrices, which are of one shape
    /// @throws IllegalArgumentException if a block of the device has too little shared memory for a warp of each
    static Shares ofSum(DeviceMatrix first, int matrices, Device device) {
        int spans = Math.ceilDiv(first.columns(), SPAN);
        int most = Math.min(WARPS_OF_CHOSEN, mostWarps(first, device));
        if (mostWarps(first, device) < matrices) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "%d experts of a token take %d bytes of shared memory a block on the device, %s has %d for them",
                    matrices,
                    matrices * spanBytes(first),
                    device.name(),
                    device.sharedBytes() - OTHER_SHARED_BYTES));
        }
        int team = matrices * team(spans, Math.max(1, most / matrices));
        return of(first, team, 1, Math.ceilDiv(first.rows(), UNIT), false).resident(1, device);
    }

    /// As many blocks as fit at once, each with room for what it chooses.
    private Shares resident(int products, Device device) {
        int fitting = Math.ceilDiv(device.multiprocessors() * Math.max(1, RESIDENT_WARPS / (team * teams)), products);
        return new Shares(team, teams, Math.min(blocks, fitting), Math.max(sharedBytes, CHOICE_BYTES), inTurns);
    }

    private static Shares of(DeviceMatrix w, int team, int teams, int units, boolean inTurns) {
        return new Shares(team, teams, Math.ceilDiv(units, teams), team * teams * spanBytes(w), inTurns);
    }

    /// The fewest warps of so many at most that need as few turns.
    private static int team(int spans, int most) {
        return Math.ceilDiv(spans, Math.ceilDiv(spans, most));
    }

    /// Of a unit's weights of a span.
    private static int spanBytes(DeviceMatrix w) {
        return UNIT * SPAN * w.type().bytes();
    }

    private static int mostWarps(DeviceMatrix w, Device device) {
        return Math.max(1, (device.sharedBytes() - OTHER_SHARED_BYTES) / spanBytes(w));
    }

    /// Of a block.
    public int threads() {
        return team * teams * WARP;
    }
}
