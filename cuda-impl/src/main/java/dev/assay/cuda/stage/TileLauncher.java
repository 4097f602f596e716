package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import java.util.Comparator;
import java.util.List;

/// Launches products of many tokens on tensor cores: tiles.cu. For the device's thread.
final class TileLauncher {
    /// The oldest image that has the instructions.
    private static final int TENSOR_CORES = 90;
    /// Tokens that are worth a tile.
    private static final int FEWEST_TOKENS = 16;
    /// Rows are read 16 bytes at a time.
    private static final int READ_BYTES = 16;

    private static final int SPLIT_THREADS = 256;
    /// `TILE_THREADS`, `STAGES`, `PLANES` and `DEPTH` of tiles.cu.
    private static final int TILE_THREADS = 256;

    private static final int STAGES = 4;
    private static final int PLANES = 2;
    private static final int DEPTH = 32;
    /// Decoded weights: those of a step and of the next, two bytes each.
    private static final int DECODED_BYTES = 2 * 2;

    /// A size of tiles.
    ///
    /// @param name what names of kernels end with
    /// @param speed products a second, relative to those of the first
    private record Tile(String name, int tokens, int rows, double speed) {
        /// About how long a product takes: as long as the multiprocessor with the most blocks.
        double time(int allTokens, int allRows, int multiprocessors) {
            int blocks = Math.ceilDiv(allTokens, tokens) * Math.ceilDiv(allRows, rows);
            return Math.ceilDiv(blocks, multiprocessors) * (double) tokens * rows / speed;
        }

        int sharedBytes(WeightType type) {
            int scales = type == WeightType.F8 ? Float.BYTES : 0;
            int step = PLANES * tokens * DEPTH * Short.BYTES + rows * (DEPTH * type.bytes() + scales);
            return STAGES * step + rows * DEPTH * DECODED_BYTES;
        }
    }

    /// The speeds are those on an H200, of bfloat16.
    private static final List<Tile> TILES = List.of(new Tile("large", 128, 256, 1), new Tile("square", 128, 128, 0.8));

    private final Device device;
    private final KernelImage kernels;
    private final Stream stream;
    private final long planes;
    private final long factors;

    /// @param planes address of as many bytes as the largest input has as float32
    /// @param factors address of a float32 for each row of the input with most rows
    TileLauncher(Device device, KernelImage kernels, Stream stream, long planes, long factors) {
        this.device = device;
        this.kernels = kernels;
        this.stream = stream;
        this.planes = planes;
        this.factors = factors;
    }

    /// Whether there is a kernel for the product of so many rows with a matrix.
    boolean canMultiply(DeviceMatrix w, int rows) {
        return rows >= FEWEST_TOKENS
                && kernels.target() >= TENSOR_CORES
                && TILES.getFirst().sharedBytes(w.type()) <= device.sharedBytes()
                && w.columns() * w.type().bytes() % READ_BYTES == 0
                && switch (w.type()) {
                    case BF16, F16 -> true;
                    case F8 -> w.scaleColumns() % DEPTH == 0;
                    case F32 -> false;
                };
    }

    /// to = W · from + bias.
    void multiply(DeviceMatrix w, long bias, long from, int fromStride, long to, int toStride, int rows) {
        split(from, fromStride, w.columns(), rows);
        Tile tile = TILES.stream()
                .min(Comparator.comparingDouble(size -> size.time(rows, w.rows(), device.multiprocessors())))
                .orElseThrow();
        launch(
                "multiply_tiles_" + w.type().suffix() + "_" + tile.name(),
                Math.ceilDiv(rows, tile.tokens()),
                Math.ceilDiv(w.rows(), tile.rows()),
                TILE_THREADS,
                tile.sharedBytes(w.type()),
                to,
                toStride,
                planes,
                factors,
                w.data(),
                w.scales(),
                w.scaleColumns(),
                w.columns(),
                bias,
                w.rows(),
                0,
                0,
                rows);
    }

    private void split(long from, int stride, int columns, int rows) {
        launch("split_rows", 1, rows, SPLIT_THREADS, 0, planes, factors, from, stride, columns, rows);
    }

    private void launch(String name, int x, int y, int threads, int sharedBytes, long... arguments) {
        stream.launch(kernels.launch("tiles", name, x, y, 1, threads, sharedBytes, arguments));
    }
}
