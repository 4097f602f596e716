package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.engine.KvCacheType;

/// Launches attention to latents of many tokens on tensor cores: the end of flash.cu. For the device's thread.
///
/// A latent is longer than the keys and values that it stands for, 512 numbers against 128. So many queries are rather
/// compared with these, which each pass makes anew from the cache, of some heads at a time.
final class LatentLauncher {
    /// `KEYS`, `KEY_WIDTH` and `VALUE_WIDTH` of `ExpandedPositions`.
    static final int KEYS = 32;

    private static final int KEY_WIDTH = 192;
    private static final int VALUE_WIDTH = 128;
    private static final int SPLIT_THREADS = 256;
    private static final int COPY_THREADS = 128;

    private final Device device;
    private final KernelImage kernels;
    private final Stream stream;
    private final KvCacheType cacheType;
    private final Activations activations;
    private final Expansion room;
    private final Products products;

    /// Appends to = W · from for some rows.
    interface Products {
        void multiply(DeviceMatrix w, long from, int fromStride, long to, int toStride, int rows);
    }

    LatentLauncher(
            Device device,
            KernelImage kernels,
            Stream stream,
            KvCacheType cacheType,
            Activations activations,
            Expansion room,
            Products products) {
        this.device = device;
        this.kernels = kernels;
        this.stream = stream;
        this.cacheType = cacheType;
        this.activations = activations;
        this.room = room;
        this.products = products;
    }

    /// What attention reads and writes.
    ///
    /// @param queries address of `[tokens][heads][nope + rope]`, rows `queryStride` numbers apart
    /// @param to address of `[tokens][heads][value]`, likewise
    /// @param rows address of `[capacity][latent + rope]`
    /// @param pass address of the number of tokens and the position of the first
    record Operands(long queries, int queryStride, long to, int toStride, long rows, int capacity, long pass) {}

    /// Whether there is a kernel.
    boolean canAttend(Stage.AttendLatents attend, int tokens) {
        Stage.Absorb heads = attend.absorb();
        return tokens >= TileLauncher.FEWEST_TOKENS
                && kernels.target() >= TileLauncher.TENSOR_CORES
                && sharedBytes() <= device.sharedBytes()
                && heads.nope() + heads.rope() <= KEY_WIDTH
                && heads.valueWidth() <= VALUE_WIDTH;
    }

    /// @param start position of the first token
    void attend(Stage.AttendLatents attend, Operands operands, int start, int tokens) {
        int base = start + 1 - (int) attend.attend().mask().visible(start);
        int end = start + tokens;
        int heads = attend.absorb().heads();
        for (int first = 0; first < heads; first += room.heads()) {
            int count = Math.min(room.heads(), heads - first);
            for (int position = base; position < end; position += room.positions()) {
                expand(attend, first, count, operands, base, position, Math.min(room.positions(), end - position));
            }
            attendExpanded(attend, first, count, operands, base, tokens);
        }
    }

    /// Keys and values of some heads from cached positions.
    private void expand(
            Stage.AttendLatents attend,
            int firstHead,
            int heads,
            Operands operands,
            int base,
            int position,
            int positions) {
        Stage.Absorb shape = attend.absorb();
        int latent = attend.attend().valueWidth();
        int width = shape.nope() + shape.valueWidth();
        launch(
                "copy_latents_" + suffix(),
                Math.ceilDiv(latent, COPY_THREADS),
                positions,
                COPY_THREADS,
                0,
                room.latents(),
                operands.rows(),
                latent + shape.rope(),
                latent,
                operands.capacity(),
                position);
        products.multiply(
                shape.expansion().rows(firstHead * width, heads * width),
                room.latents(),
                latent,
                room.products(),
                heads * width,
                positions);
        launch(
                "split_" + expanded() + "_" + suffix(),
                Math.ceilDiv(positions, KEYS),
                heads,
                SPLIT_THREADS,
                0,
                room.keys(),
                room.values(),
                room.units(),
                room.rows(),
                base,
                position - base,
                positions,
                room.products(),
                shape.nope(),
                shape.rope(),
                shape.valueWidth(),
                operands.rows(),
                latent,
                operands.capacity());
    }

    private void attendExpanded(
            Stage.AttendLatents attend, int firstHead, int heads, Operands operands, int base, int tokens) {
        Stage.Absorb shape = attend.absorb();
        int keyWidth = shape.nope() + shape.rope();
        long[] mask = AttentionLauncher.mask(attend.attend().mask());
        launch(
                "attend_" + expanded(),
                Math.ceilDiv(tokens, FlashLauncher.QUERIES),
                heads,
                FlashLauncher.THREADS,
                sharedBytes(),
                operands.to() + (long) firstHead * shape.valueWidth() * Float.BYTES,
                operands.toStride(),
                operands.queries() + (long) firstHead * keyWidth * Float.BYTES,
                operands.queryStride(),
                room.keys(),
                room.values(),
                room.units(),
                room.rows(),
                base,
                keyWidth,
                shape.valueWidth(),
                Launch.of((float) attend.attend().scale()),
                mask[0],
                mask[1],
                operands.pass());
    }

    /// What names of kernels have in them that know the parts of a number.
    private String expanded() {
        return switch (activations) {
            case FLOAT32 -> "expanded";
            case BFLOAT16 -> "rounded_expanded";
        };
    }

    /// Tiles of queries, of keys and of values.
    private int sharedBytes() {
        int parts = switch (activations) {
            case FLOAT32 -> 2;
            case BFLOAT16 -> 1;
        };
        return parts * (FlashLauncher.QUERIES * KEY_WIDTH + KEYS * (KEY_WIDTH + VALUE_WIDTH)) * Short.BYTES;
    }

    private String suffix() {
        return switch (cacheType) {
            case FLOAT32 -> "f32";
            case BFLOAT16 -> "bf16";
        };
    }

    private void launch(String name, int x, int y, int threads, int sharedBytes, long... arguments) {
        stream.launch(kernels.launch("flash", name, x, y, 1, threads, sharedBytes, arguments));
    }
}
