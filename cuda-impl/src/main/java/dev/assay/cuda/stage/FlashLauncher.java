package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.engine.KvCacheType;
import java.util.List;

/// Launches attention of many tokens on tensor cores: flash.cu. For the device's thread.
final class FlashLauncher {
    /// The oldest image that has the instructions.
    static final int TENSOR_CORES = 90;
    /// Tokens that are worth a tile.
    static final int FEWEST_TOKENS = 16;
    /// Cached heads are read 16 bytes at a time.
    private static final int READ_BYTES = 16;
    /// Widths of heads that there are kernels for, and for all below.
    private static final List<Integer> WIDTHS = List.of(64, 128, 256);

    /// `QUERIES` and `FLASH_THREADS` of flash.cu, and the parts of a number.
    static final int QUERIES = 64;

    static final int THREADS = 128;
    private static final int PARTS = 3;

    private final Device device;
    private final KernelImage kernels;
    private final Stream stream;
    private final KvCacheType cacheType;

    FlashLauncher(Device device, KernelImage kernels, Stream stream, KvCacheType cacheType) {
        this.device = device;
        this.kernels = kernels;
        this.stream = stream;
        this.cacheType = cacheType;
    }

    /// What attention reads and writes.
    ///
    /// @param queries address of `[tokens][heads][width]`, rows `queryStride` numbers apart
    /// @param to likewise
    /// @param keys address of `[capacity][kvHeads][width]`
    /// @param values likewise
    /// @param pass address of the number of tokens and the position of the first
    record Operands(
            long queries, int queryStride, long to, int toStride, long keys, long values, int capacity, long pass) {}

    /// Whether there is a kernel.
    boolean canAttend(Stage.Attend attend, int tokens) {
        return tokens >= FEWEST_TOKENS
                && kernels.target() >= TENSOR_CORES
                && sharedBytes(WIDTHS.getLast()) <= device.sharedBytes()
                && attend.keyWidth() == attend.valueWidth()
                && attend.keyWidth() <= WIDTHS.getLast()
                && attend.keyWidth() * cacheType.bytes() % READ_BYTES == 0;
    }

    void attend(Stage.Attend attend, Operands operands, int tokens) {
        int width = WIDTHS.stream()
                .filter(most -> attend.keyWidth() <= most)
                .findFirst()
                .orElseThrow();
        String suffix = switch (cacheType) {
            case FLOAT32 -> "f32";
            case BFLOAT16 -> "bf16";
        };
        long[] mask = Launcher.mask(attend.mask());
        int sharedBytes = sharedBytes(width);
        stream.launch(kernels.launch(
                "flash",
                "attend_tiles_" + suffix + "_" + width,
                Math.ceilDiv(tokens, QUERIES),
                attend.heads(),
                1,
                THREADS,
                sharedBytes,
                operands.to(),
                operands.toStride(),
                operands.queries(),
                operands.queryStride(),
                operands.keys(),
                operands.values(),
                attend.keyWidth(),
                attend.heads() / attend.kvHeads(),
                attend.kvHeads(),
                Launch.of((float) attend.scale()),
                mask[0],
                mask[1],
                operands.capacity(),
                operands.pass()));
    }

    /// Tiles of queries, and of keys and values, as `KEYS` and `PARTS` of `CachedPositions` say.
    private int sharedBytes(int width) {
        int keys = cacheType == KvCacheType.FLOAT32 && width == 256 ? 32 : 64;
        int cached = switch (cacheType) {
            case FLOAT32 -> PARTS;
            case BFLOAT16 -> 1;
        };
        return (PARTS * QUERIES + 2 * cached * keys) * width * Short.BYTES;
    }
}
