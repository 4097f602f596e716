package dev.assay.cuda.stage;

import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Launches products of many tokens on tensor cores: tiles.cu, wide.cu and rounded.cu, or cuBLAS. For the device's
/// thread.
final class TileLauncher {
    /// The oldest image that has the instructions, as major · 10 + minor.
    static final int TENSOR_CORES = 90;
    /// Tokens that are worth a tile.
    private static final int FEWEST_TOKENS = 16;
    /// Rows are read 16 bytes at a time.
    private static final int READ_BYTES = 16;

    private static final String TILES = "tiles";
    private static final int WARP = 32;
    private static final int PREPARE_THREADS = 256;
    private static final int GROUP_THREADS = 256;
    /// `ChosenTile` of tiles.cu.
    private static final int INTS_OF_TILE = 2;
    /// `TILE_THREADS`, `STAGES`, `PLANES` and `DEPTH` of tiles.cu; wide.cu and rounded.cu have as many threads.
    private static final int TILE_THREADS = 256;

    private static final int STAGES = 4;
    private static final int PLANES = 2;
    private static final int DEPTH = 32;
    /// Decoded weights: those of a step and of the next, two bytes each.
    private static final int DECODED_BYTES = 2 * 2;

    /// Tokens by rows that a block multiplies, and the kernels that do.
    sealed interface Tile {
        String file();

        /// The file and the kernel that prepare rows of activations.
        default String prepareFile() {
            return TILES;
        }

        default String prepareName() {
            return "split_rows";
        }

        /// What names of kernels begin with.
        String prefix();

        /// What names of kernels end with that do not choose experts.
        String suffix();

        int tokens();

        int rows();

        /// Products a second, relative to those of other tiles.
        double speed();

        int sharedBytes(WeightType type);

        /// About how long a product takes: as long as the multiprocessor with the most blocks.
        default double time(int allTokens, int allRows, int multiprocessors) {
            int blocks = Math.ceilDiv(allTokens, tokens()) * Math.ceilDiv(allRows, rows());
            return Math.ceilDiv(blocks, multiprocessors) * (double) tokens() * rows() / speed();
        }
    }

    /// Of tiles.cu.
    private record PlainTile(String suffix, int tokens, int rows, double speed) implements Tile {
        @Override
        public String file() {
            return TILES;
        }

        @Override
        public String prefix() {
            return "tiles_";
        }

        @Override
        public int sharedBytes(WeightType type) {
            int scales = type == WeightType.F8 ? Float.BYTES : 0;
            int step = PLANES * tokens * DEPTH * Short.BYTES + rows * (DEPTH * type.bytes() + scales);
            return STAGES * step + rows * DEPTH * DECODED_BYTES;
        }
    }

    /// Of wide.cu.
    private record WideTile(int tokens, double speed) implements Tile {
        /// `WIDE_ROWS`, `WIDE_STAGES` and `WIDE_DEPTH` of wide.cu.
        private static final int ROWS = 256;

        private static final int STAGES = 3;
        private static final int DEPTH = 64;
        /// Of a stage, in bytes.
        private static final int ALIGNMENT = 1024;

        @Override
        public String file() {
            return KernelImage.WIDE;
        }

        @Override
        public String prefix() {
            return "wide_";
        }

        @Override
        public String suffix() {
            return "_" + tokens;
        }

        @Override
        public int rows() {
            return ROWS;
        }

        @Override
        public int sharedBytes(WeightType type) {
            return ALIGNMENT + STAGES * (PLANES * tokens * Short.BYTES + ROWS * type.bytes()) * DEPTH;
        }
    }

    /// Of rounded.cu, for bfloat16 weights.
    private record RoundedTile(int tokens, double speed) implements Tile {
        /// `ROUNDED_ROWS`, `ROUNDED_STAGES` and `ROUNDED_DEPTH` of rounded.cu.
        private static final int ROWS = 256;

        private static final int STAGES = 4;
        private static final int DEPTH = 64;
        /// Of a stage, in bytes.
        private static final int ALIGNMENT = 1024;

        @Override
        public String file() {
            return KernelImage.ROUNDED;
        }

        @Override
        public String prepareFile() {
            return KernelImage.ROUNDED;
        }

        @Override
        public String prepareName() {
            return "round_rows";
        }

        @Override
        public String prefix() {
            return "rounded_";
        }

        @Override
        public String suffix() {
            return "_" + tokens;
        }

        @Override
        public int rows() {
            return ROWS;
        }

        @Override
        public int sharedBytes(WeightType type) {
            return ALIGNMENT + STAGES * (tokens + ROWS) * DEPTH * type.bytes();
        }
    }

    /// The speeds are those on an H200, of bfloat16, but that of the narrow and of the chosen tile are assumed.
    /// Those of
    /// rounded tiles are relative to each other alone.
    private static final Tile LARGE = new PlainTile("_large", 128, 256, 0.59);

    private static final Tile SQUARE = new PlainTile("_square", 128, 128, 0.6);
    private static final Tile WIDE = new WideTile(128, 1);
    /// `CHOSEN_TOKENS` of tiles.h.
    private static final int EXPERT_TOKENS = 64;

    private static final Tile CHOSEN = new PlainTile("", EXPERT_TOKENS, 256, 0.5);
    private static final Tile NARROW = new WideTile(EXPERT_TOKENS, 0.8);
    private static final Tile ROUNDED = new RoundedTile(128, 1);
    private static final Tile ROUNDED_NARROW = new RoundedTile(EXPERT_TOKENS, 0.82);

    private final Device device;
    private final KernelImage kernels;
    private final Stream stream;
    private final Activations activations;
    private final Optional<CublasLauncher> cublas;
    private final Places places;

    /// Device memory.
    ///
    /// @param planes address of as many bytes as the largest input has as float32, for its planes or for it rounded
    /// @param factors address of a float32 for each row of the input with most rows
    /// @param order address of an int for each expert of each token
    /// @param expertTiles address of [#expertBytes]
    record Places(long planes, long factors, long order, long expertTiles) {}

    /// @param activations FLOAT32 unless the device has the file of kernels [KernelImage#ROUNDED]
    /// @param cublas what multiplies the types of matrices that it can
    TileLauncher(
            Device device,
            KernelImage kernels,
            Stream stream,
            Activations activations,
            Optional<CublasLauncher> cublas,
            Places places) {
        this.device = device;
        this.kernels = kernels;
        this.stream = stream;
        this.activations = activations;
        this.cublas = cublas;
        this.places = places;
    }

    /// Bytes of where the pairs of each expert begin, and of the tiles of all experts.
    static long expertBytes(int experts, long pairs) {
        return (firstInts(experts) + INTS_OF_TILE * mostTiles(experts, pairs)) * Integer.BYTES;
    }

    /// An int for each expert and one more, and such that what follows begins at an even one.
    private static long firstInts(int experts) {
        return Math.ceilDiv(experts + 1, 2) * 2L;
    }

    /// Every expert has one tile that is not full, at most.
    private static long mostTiles(int experts, long pairs) {
        return experts + pairs / EXPERT_TOKENS;
    }

    /// Whether there is a kernel for the product of so many rows with a matrix.
    boolean canMultiply(DeviceMatrix w, int rows) {
        return canGroup(rows)
                && LARGE.sharedBytes(w.type()) <= device.sharedBytes()
                && w.columns() * w.type().bytes() % READ_BYTES == 0
                && switch (w.type()) {
                    case BF16, F16 -> true;
                    case F8 -> w.scaleColumns() % DEPTH == 0;
                    case F32 -> false;
                };
    }

    /// to = W · from + bias.
    void multiply(DeviceMatrix w, long bias, long from, int fromStride, long to, int toStride, int rows) {
        Tile fastest = tiles(w.type()).stream()
                .min(Comparator.comparingDouble(tile -> tile.time(rows, w.rows(), device.multiprocessors())))
                .orElseThrow();
        multiply(fastest, w, bias, from, fromStride, to, toStride, rows);
    }

    /// The tiles that there are kernels for.
    List<Tile> tiles(WeightType type) {
        if (rounds(type)) {
            return List.of(ROUNDED, ROUNDED_NARROW);
        }
        return hasWide(type) ? List.of(WIDE, NARROW, LARGE, SQUARE) : List.of(LARGE, SQUARE);
    }

    private boolean rounds(WeightType type) {
        return switch (activations) {
            case FLOAT32 -> false;
            case BFLOAT16 -> type == WeightType.BF16;
        };
    }

    private boolean hasWide(WeightType type) {
        return kernels.has(KernelImage.WIDE)
                && switch (type) {
                    case BF16, F16 -> true;
                    case F8, F32 -> false;
                };
    }

    /// As [#multiply(DeviceMatrix, long, long, int, long, int, int)], by certain tiles.
    void multiply(Tile tile, DeviceMatrix w, long bias, long from, int fromStride, long to, int toStride, int rows) {
        prepare(tile, from, fromStride, w.columns(), rows);
        Optional<CublasLauncher> library = cublas.filter(able -> able.canMultiply(w.type()));
        if (library.isPresent()) {
            library.get().multiply(w, bias, places.planes(), places.factors(), to, toStride, rows);
            return;
        }
        launch(
                tile.file(),
                "multiply_" + tile.prefix() + w.type().suffix() + tile.suffix(),
                Math.ceilDiv(rows, tile.tokens()),
                Math.ceilDiv(w.rows(), tile.rows()),
                TILE_THREADS,
                tile.sharedBytes(w.type()),
                to,
                toStride,
                places.planes(),
                places.factors(),
                w.data(),
                w.scales(),
                w.scaleColumns(),
                w.columns(),
                bias,
                w.rows(),
                rows);
    }

    /// Whether there is a kernel for the products of so many tokens with their experts.
    boolean canMultiply(DeviceExperts experts, int tokens) {
        return canMultiply(experts.first(), tokens);
    }

    /// Whether so many tokens are worth tiles, if the weights of experts allow them.
    boolean canGroup(int tokens) {
        return tokens >= FEWEST_TOKENS && kernels.target() >= TENSOR_CORES;
    }

    /// Finds the pairs of each expert, for [#multiplyChosen].
    ///
    /// @param chosen address of the expert of each pair
    void group(long chosen, int experts, int pairs) {
        launch(TILES, "group_pairs", experts, 1, GROUP_THREADS, 0, places.order(), places.expertTiles(), chosen, pairs);
        launch(
                TILES,
                "list_tiles",
                1,
                1,
                Math.ceilDiv(experts, WARP) * WARP,
                0,
                tiles(experts),
                places.expertTiles(),
                experts,
                mostTiles(experts, pairs));
    }

    private long tiles(int experts) {
        return places.expertTiles() + firstInts(experts) * Integer.BYTES;
    }

    /// to = W of the pair's expert · from, for pairs that [#group] has found.
    ///
    /// @param share pairs that share a row of `from`
    void multiplyChosen(DeviceExperts experts, long from, int fromStride, int share, long to, int toStride, int pairs) {
        Tile fastest = expertTiles(experts.first().type()).getFirst();
        multiplyChosen(fastest, experts, from, fromStride, share, to, toStride, pairs);
    }

    /// The tiles that there are kernels for, the fastest first.
    List<Tile> expertTiles(WeightType type) {
        if (rounds(type)) {
            return List.of(ROUNDED_NARROW);
        }
        return hasWide(type) ? List.of(NARROW, CHOSEN) : List.of(CHOSEN);
    }

    /// As [#multiplyChosen(DeviceExperts, long, int, int, long, int, int)], by certain tiles.
    void multiplyChosen(
            Tile tile, DeviceExperts experts, long from, int fromStride, int share, long to, int toStride, int pairs) {
        DeviceMatrix w = experts.first();
        int count = experts.count();
        prepare(tile, from, fromStride, w.columns(), pairs / share);
        launch(
                tile.file(),
                "multiply_chosen_" + tile.prefix() + w.type().suffix(),
                Math.toIntExact(mostTiles(count, pairs)),
                Math.ceilDiv(w.rows(), tile.rows()),
                TILE_THREADS,
                tile.sharedBytes(w.type()),
                to,
                toStride,
                places.planes(),
                places.factors(),
                pairs / share,
                share,
                w.data(),
                w.scales(),
                w.scaleColumns(),
                w.columns(),
                experts.stride(),
                experts.scaleStride(),
                places.order(),
                places.expertTiles(),
                tiles(count),
                w.rows());
    }

    private void prepare(Tile tile, long from, int stride, int columns, int rows) {
        launch(
                tile.prepareFile(),
                tile.prepareName(),
                1,
                rows,
                PREPARE_THREADS,
                0,
                places.planes(),
                places.factors(),
                from,
                stride,
                columns,
                rows);
    }

    private void launch(String file, String name, int x, int y, int threads, int sharedBytes, long... arguments) {
        stream.launch(kernels.launch(file, name, x, y, 1, threads, sharedBytes, arguments));
    }
}
