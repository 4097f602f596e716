package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.engine.KvCacheType;

/// Launches attention of one token with what comes before it: attend_one of attention.cu. For the device's thread.
final class AttendOneLauncher {
    /// The oldest image that has clusters.
    private static final int CLUSTERS = 90;
    /// Numbers of a head are read eight at a time.
    private static final int WIDTH_STEP = 8;
    private static final int WARP = 32;
    /// `CLUSTER` of device.h.
    private static final int BLOCKS_OF_CLUSTER = 8;
    /// `HEADS_OF_ATTEND` and `ATTEND_WARPS` of attention.cu.
    private static final int HEADS = 4;

    private static final int WARPS = HEADS + 2;
    /// Highest score and sum, beside a head's numbers.
    private static final int NUMBERS_OF_SHARE = 2;

    /// Kernels: `KEYS_OF_ATTEND` of attention.cu, and into how many parts a cached number is split.
    private enum Kernels {
        F32("f32", 48, 3),
        BF16("bf16", 96, 1);

        private final String suffix;
        private final int keys;
        private final int parts;

        Kernels(String suffix, int keys, int parts) {
            this.suffix = suffix;
            this.keys = keys;
            this.parts = parts;
        }

        static Kernels of(KvCacheType cacheType) {
            return switch (cacheType) {
                case FLOAT32 -> F32;
                case BFLOAT16 -> BF16;
            };
        }
    }

    private final Device device;
    private final KernelImage kernels;
    private final Stream stream;
    private final Kernels kind;

    AttendOneLauncher(Device device, KernelImage kernels, Stream stream, KvCacheType cacheType) {
        this.device = device;
        this.kernels = kernels;
        this.stream = stream;
        this.kind = Kernels.of(cacheType);
    }

    /// What it reads and writes.
    ///
    /// @param x address of projected `[queries | keys | values]`
    /// @param to address of `[heads][width]`
    /// @param norms parameters of `HeadNorms`
    /// @param turn parameters of `Turn`
    /// @param heat address of a factor of queries for each position; 0 for none
    /// @param keys address of `[capacity][kvHeads][width]`
    /// @param values likewise
    /// @param ownsCache whether the token's key and value are to be cached; otherwise they are there
    /// @param partials address of `[heads][parts][width + 2]`
    /// @param arrived address of a counter for each head, 0 before and after
    /// @param pass address of the number of tokens, one, and the position
    record Operands(
            long x,
            long to,
            long[] norms,
            long[] turn,
            long heat,
            long keys,
            long values,
            boolean ownsCache,
            int capacity,
            long partials,
            long arrived,
            long pass) {}

    /// Whether there is a kernel.
    boolean canAttend(Stage.Attend attend) {
        return kernels.target() >= CLUSTERS
                && attend.keyWidth() == attend.valueWidth()
                && attend.keyWidth() % WIDTH_STEP == 0
                && attend.keyWidth() <= HeadWidths.WIDEST
                && sharedBytes(attend) <= device.sharedBytes();
    }

    /// Blocks that each part of the positions has.
    static int blocks(Stage.Attend attend) {
        return attend.kvHeads() * Math.ceilDiv(group(attend), HEADS);
    }

    /// @param parts of the positions that are worth a block of their own
    void attend(Stage.Attend attend, Operands operands, int parts) {
        stream.launch(kernels.launch(
                "attention",
                "attend_one_" + kind.suffix + "_" + HeadWidths.serving(attend.keyWidth()),
                Math.ceilDiv(group(attend), HEADS),
                Math.ceilDiv(parts, BLOCKS_OF_CLUSTER) * BLOCKS_OF_CLUSTER,
                attend.kvHeads(),
                WARPS * WARP,
                sharedBytes(attend),
                Launches.args(
                        operands.to(),
                        operands.x(),
                        group(attend),
                        attend.kvHeads(),
                        attend.keyWidth(),
                        operands.norms(),
                        operands.turn(),
                        operands.heat(),
                        operands.keys(),
                        operands.values(),
                        operands.ownsCache() ? 1 : 0,
                        operands.capacity(),
                        Launch.of((float) attend.scale()),
                        AttentionLauncher.mask(attend.mask()),
                        operands.partials(),
                        operands.arrived(),
                        operands.pass())));
    }

    /// Query heads that share keys.
    private static int group(Stage.Attend attend) {
        return attend.heads() / attend.kvHeads();
    }

    /// Tiles of keys and values, and what warps find for each head.
    private int sharedBytes(Stage.Attend attend) {
        int width = HeadWidths.serving(attend.keyWidth());
        int heads = Math.min(group(attend), HEADS);
        return 2 * kind.parts * kind.keys * width * Short.BYTES
                + heads * WARPS * (width + NUMBERS_OF_SHARE) * Float.BYTES;
    }
}
