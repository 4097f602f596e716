package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.engine.KvCacheType;

/// Launches attention of many tokens on tensor cores: flash.cu. For the device's thread.
final class FlashLauncher {
    /// Cached heads are read 16 bytes at a time.
    private static final int READ_BYTES = 16;

    /// `QUERIES` and `FLASH_THREADS` of flash.cu.
    static final int QUERIES = 64;

    static final int THREADS = 128;

    /// Kernels, and into how many parts they split a number of a query and of the cache.
    private enum Kernels {
        F32("f32", 3, 3),
        BF16("bf16", 3, 1),
        ROUNDED_BF16("rounded_bf16", 1, 1);

        private final String suffix;
        private final int queryParts;
        private final int cachedParts;

        Kernels(String suffix, int queryParts, int cachedParts) {
            this.suffix = suffix;
            this.queryParts = queryParts;
            this.cachedParts = cachedParts;
        }

        static Kernels of(KvCacheType cacheType, Activations activations) {
            return switch (cacheType) {
                case FLOAT32 -> F32;
                case BFLOAT16 ->
                    switch (activations) {
                        case FLOAT32 -> BF16;
                        case BFLOAT16 -> ROUNDED_BF16;
                    };
            };
        }
    }

    private final Device device;
    private final KernelImage kernels;
    private final Stream stream;
    private final KvCacheType cacheType;
    private final Kernels kind;

    FlashLauncher(Device device, KernelImage kernels, Stream stream, KvCacheType cacheType, Activations activations) {
        this.device = device;
        this.kernels = kernels;
        this.stream = stream;
        this.cacheType = cacheType;
        this.kind = Kernels.of(cacheType, activations);
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
        return tokens >= TileLauncher.FEWEST_TOKENS
                && kernels.target() >= TileLauncher.TENSOR_CORES
                && sharedBytes(HeadWidths.WIDEST) <= device.sharedBytes()
                && attend.keyWidth() == attend.valueWidth()
                && attend.keyWidth() <= HeadWidths.WIDEST
                && attend.keyWidth() * cacheType.bytes() % READ_BYTES == 0;
    }

    void attend(Stage.Attend attend, Operands operands, int tokens) {
        int width = HeadWidths.serving(attend.keyWidth());
        long[] mask = AttentionLauncher.mask(attend.mask());
        int sharedBytes = sharedBytes(width);
        stream.launch(kernels.launch(
                "flash",
                "attend_tiles_" + kind.suffix + "_" + width,
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
        return (kind.queryParts * QUERIES + 2 * kind.cachedParts * keys) * width * Short.BYTES;
    }
}
