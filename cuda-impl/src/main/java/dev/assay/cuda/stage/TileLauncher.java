package dev.assay.cuda.stage;

import dev.assay.config.HiddenActivation;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/// Launches products of many tokens on tensor cores: prepare.cu, and tiles.cu, wide.cu and rounded.cu, or cuBLAS.
/// For the device's thread.
final class TileLauncher {
    /// The oldest image that has the instructions, as major · 10 + minor.
    static final int TENSOR_CORES = 90;
    /// Tokens that are worth a tile.
    static final int FEWEST_TOKENS = 16;
    /// Rows are read 16 bytes at a time.
    private static final int READ_BYTES = 16;

    private static final String TILES = "tiles";
    private static final int WARP = 32;
    /// Of a block that makes a row of an input.
    private static final int MOST_ROW_THREADS = 512;
    /// Static shared memory of the kernels that do.
    private static final int PREPARE_STATIC_BYTES = 256;

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

    /// What tiles read a row of an input as.
    enum Reading {
        /// Two planes of float16.
        SPLIT("split_", Float.BYTES),
        /// bfloat16.
        ROUNDED("round_", 0);

        /// What names of kernels of prepare.cu begin with.
        private final String prefix;
        /// Of shared memory that these kernels need for each number.
        private final int sharedBytes;

        Reading(String prefix, int sharedBytes) {
            this.prefix = prefix;
            this.sharedBytes = sharedBytes;
        }
    }

    /// Tokens by rows that a block multiplies, and the kernels that do.
    sealed interface Tile {
        String file();

        /// How it reads its input.
        default Reading reading() {
            return Reading.SPLIT;
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
        public Reading reading() {
            return Reading.ROUNDED;
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
    /// Those of rounded tiles are relative to each other alone.
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

    /// What a product multiplies.
    sealed interface Input {
        /// What is made first.
        ///
        /// @param from address of the first row that it is made from
        /// @param stride numbers from a row to the next
        record Rows(Making making, long from, int stride) implements Input {}

        /// What [#multiplyGated] has made already.
        ///
        /// @param at its address
        record Made(long at) implements Input {}
    }

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
                && w.columns() * Reading.SPLIT.sharedBytes + PREPARE_STATIC_BYTES <= device.sharedBytes()
                && w.columns() * w.type().bytes() % READ_BYTES == 0
                && switch (w.type()) {
                    case BF16, F16 -> true;
                    case F8 -> w.scaleColumns() % DEPTH == 0;
                    case F32 -> false;
                };
    }

    /// to = W · input + bias + residual.
    ///
    /// @param residual address of rows that lie as those of `to`; 0 for none
    void multiply(DeviceMatrix w, long bias, Input input, long residual, long to, int toStride, int rows) {
        multiply(fastest(w, rows), w, bias, input, residual, to, toStride, rows);
    }

    private Tile fastest(DeviceMatrix w, int rows) {
        return tiles(w.type()).stream()
                .min(Comparator.comparingDouble(tile -> tile.time(rows, w.rows(), device.multiprocessors())))
                .orElseThrow();
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

    /// As [#multiply(DeviceMatrix, long, Input, long, long, int, int)], by certain tiles.
    void multiply(Tile tile, DeviceMatrix w, long bias, Input input, long residual, long to, int toStride, int rows) {
        long made = make(tile, input, w.columns(), rows);
        if (cublas.isPresent() && !areOwn(w)) {
            if (residual != 0) {
                throw new IllegalArgumentException("cuBLAS does not add a residual");
            }
            cublas.get().multiply(w, bias, made, places.factors(), to, toStride, rows);
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
                made,
                places.factors(),
                w.data(),
                w.scales(),
                w.scaleColumns(),
                w.columns(),
                bias,
                residual,
                w.rows(),
                rows);
    }

    /// Whether dense products with a matrix, if there is a kernel for them, are our own: cuBLAS neither adds to
    /// a residual nor activates.
    boolean areOwn(DeviceMatrix w) {
        return cublas.filter(able -> able.canMultiply(w.type())).isEmpty();
    }

    /// Whether there is a kernel that makes the input of a product by that of gate and up.
    boolean canGate(DeviceMatrix gateUp, DeviceMatrix down, int rows) {
        return rounds(gateUp.type()) && rounds(down.type()) && canMultiply(gateUp, rows) && canMultiply(down, rows);
    }

    /// to = activation(first half of W · input + bias) ⊙ second half, as [Input.Made], where [#canGate] says so.
    void multiplyGated(DeviceMatrix w, long bias, Input.Rows input, HiddenActivation activation, long to, int rows) {
        Tile tile = fastest(w, rows);
        long made = make(tile, input, w.columns(), rows);
        int width = w.rows() / 2;
        launch(
                tile.file(),
                "multiply_rounded_gated_" + w.type().suffix() + tile.suffix(),
                Math.ceilDiv(rows, tile.tokens()),
                Math.ceilDiv(width, tile.rows() / 2),
                TILE_THREADS,
                tile.sharedBytes(w.type()),
                to,
                made,
                w.data(),
                w.columns(),
                bias,
                width,
                rows,
                Launcher.number(activation));
    }

    /// The same with the experts of pairs that [#group] has found.
    ///
    /// @param share pairs that share a row of the input
    void multiplyGatedChosen(
            DeviceExperts experts, Input.Rows input, int share, HiddenActivation activation, long to, int pairs) {
        DeviceMatrix w = experts.first();
        Tile tile = expertTiles(w.type()).getFirst();
        long made = make(tile, input, w.columns(), pairs / share);
        int width = w.rows() / 2;
        launch(
                tile.file(),
                "multiply_chosen_rounded_gated_" + w.type().suffix(),
                Math.toIntExact(mostTiles(experts.count(), pairs)),
                Math.ceilDiv(width, tile.rows() / 2),
                TILE_THREADS,
                tile.sharedBytes(w.type()),
                to,
                made,
                share,
                w.data(),
                w.columns(),
                experts.stride(),
                places.order(),
                places.expertTiles(),
                tiles(experts.count()),
                width,
                Launcher.number(activation));
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

    /// to = W of the pair's expert · input, for pairs that [#group] has found.
    ///
    /// @param share pairs that share a row of the input
    void multiplyChosen(DeviceExperts experts, Input input, int share, long to, int toStride, int pairs) {
        Tile fastest = expertTiles(experts.first().type()).getFirst();
        multiplyChosen(fastest, experts, input, share, to, toStride, pairs);
    }

    /// The tiles that there are kernels for, the fastest first.
    List<Tile> expertTiles(WeightType type) {
        if (rounds(type)) {
            return List.of(ROUNDED_NARROW);
        }
        return hasWide(type) ? List.of(NARROW, CHOSEN) : List.of(CHOSEN);
    }

    /// As [#multiplyChosen(DeviceExperts, Input, int, long, int, int)], by certain tiles.
    void multiplyChosen(Tile tile, DeviceExperts experts, Input input, int share, long to, int toStride, int pairs) {
        DeviceMatrix w = experts.first();
        int count = experts.count();
        long made = make(tile, input, w.columns(), pairs / share);
        launch(
                tile.file(),
                "multiply_chosen_" + tile.prefix() + w.type().suffix(),
                Math.toIntExact(mostTiles(count, pairs)),
                Math.ceilDiv(w.rows(), tile.rows()),
                TILE_THREADS,
                tile.sharedBytes(w.type()),
                to,
                toStride,
                made,
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

    /// Makes the input as tiles read it; returns where it is.
    private long make(Tile tile, Input input, int columns, int rows) {
        return switch (input) {
            case Input.Made(long at) -> at;
            case Input.Rows own -> make(tile, own, columns, rows);
        };
    }

    private long make(Tile tile, Input.Rows input, int columns, int rows) {
        long[] common = {places.planes(), places.factors(), input.from(), input.stride(), columns, rows};
        Reading reading = tile.reading();
        switch (input.making()) {
            case Making.Nothing _ -> prepare(reading, "rows", MOST_ROW_THREADS, columns, rows, common);
            case Making.Norm(RowNorm.Rms(long gain, int _, double eps)) ->
                prepare(
                        reading,
                        "normalised_rows",
                        Launcher.MOST_NORM_THREADS,
                        columns,
                        rows,
                        Launches.args(common, gain, Launch.of((float) eps)));
            case Making.Gate(HiddenActivation activation) ->
                prepare(
                        reading,
                        "gated_rows",
                        MOST_ROW_THREADS,
                        columns,
                        rows,
                        Launches.args(common, Launcher.number(activation)));
        }
        return places.planes();
    }

    private void prepare(Reading reading, String name, int mostThreads, int columns, int rows, long... arguments) {
        launch(
                "prepare",
                reading.prefix + name,
                1,
                rows,
                Launcher.threadsByEights(columns, mostThreads),
                columns * reading.sharedBytes,
                arguments);
    }

    private void launch(String file, String name, int x, int y, int threads, int sharedBytes, long... arguments) {
        stream.launch(kernels.launch(file, name, x, y, 1, threads, sharedBytes, arguments));
    }
}
