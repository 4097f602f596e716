package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Cublas;
import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.Room;
import dev.assay.cuda.weight.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products on tensor cores against sums in double, at sizes that end within tiles, of numbers of any size: golden
/// cases
/// are too small for most of it.
class TileLauncherTest {
    /// Of a float32 sum, relative to the sum of magnitudes.
    private static final double TOLERANCE = 3e-7;
    /// The same where tensor cores add up whole rows, and cut off what they add. Rounding activations counts 1e-4.
    private static final double TOLERANCE_OF_ROUNDED = 2e-6;

    /// Columns whose products tensor cores add up in one step.
    private static final int FEW_COLUMNS = 16;

    private static final int SCALE_COLUMNS = 64;
    /// Between rows of activations, such that these begin anywhere.
    private static final int GAP = 3;

    private static Device device;
    private static KernelImage kernels;

    private final Random random = new Random(5);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
        kernels = KernelImage.load(device);
    }

    /// Weights `[rows][columns]` as they are stored and as they count.
    private record Weights(byte[] stored, float[] scales, double[][] values) {}

    @ParameterizedTest
    @CsvSource({
        "FLOAT32, BF16, 16, 8, 5",
        "FLOAT32, BF16, 67, 136, 130",
        "FLOAT32, BF16, 131, 72, 517",
        "FLOAT32, BF16, 130, 264, 260",
        "FLOAT32, F16, 67, 136, 130",
        "FLOAT32, F16, 131, 72, 517",
        "FLOAT32, F8, 67, 144, 130",
        "FLOAT32, F8, 131, 80, 517",
        "BFLOAT16, BF16, 16, 8, 5",
        "BFLOAT16, BF16, 67, 136, 130",
        "BFLOAT16, BF16, 131, 72, 517",
        "BFLOAT16, BF16, 130, 456, 260",
        "BFLOAT16, F16, 67, 136, 130",
        "BFLOAT16, F8, 67, 144, 130"
    })
    void multiplies(Activations activations, WeightType type, int tokens, int columns, int rows) {
        float[][] x = activations(tokens, columns);
        Weights weights = weights(type, rows, columns);
        float[] bias = new float[rows];
        for (int r = 0; r < rows; r++) {
            bias[r] = (float) random.nextGaussian();
        }

        List<float[]> found = device.call(() -> multiply(activations, Optional.empty(), type, x, weights, bias));

        boolean rounds = rounds(activations, type);
        assertThat(found).hasSize(rounds || type == WeightType.F8 ? 2 : 4);
        for (float[] y : found) {
            for (int t = 0; t < tokens; t++) {
                for (int r = 0; r < rows; r++) {
                    assertIsProduct(y[t * rows + r], weights.values[r], x[t], bias[r], rounds, tolerance(rounds));
                }
            }
        }
    }

    /// Without a bias and with one, which may be larger than all products.
    @ParameterizedTest
    @CsvSource({
        "FLOAT32, BF16, 16, 8, 5",
        "FLOAT32, BF16, 131, 16, 517",
        "FLOAT32, BF16, 67, 136, 130",
        "FLOAT32, F16, 16, 8, 5",
        "FLOAT32, F16, 67, 136, 130",
        "BFLOAT16, BF16, 16, 8, 5",
        "BFLOAT16, BF16, 130, 456, 260",
        "BFLOAT16, F16, 67, 136, 130"
    })
    void multipliesByCublas(Activations activations, WeightType type, int tokens, int columns, int rows)
            throws AbsentException {
        float[][] x = activations(tokens, columns);
        Weights weights = weights(type, rows, columns);
        Optional<Cublas> library = Optional.of(Cublas.first(device));
        boolean rounds = rounds(activations, type);
        double tolerance = tolerance(rounds || columns > FEW_COLUMNS);
        for (float[] bias : List.of(new float[rows], activations(2, rows)[1])) {
            List<float[]> found = device.call(() -> multiply(activations, library, type, x, weights, bias));

            for (float[] y : found) {
                for (int t = 0; t < tokens; t++) {
                    for (int r = 0; r < rows; r++) {
                        assertIsProduct(y[t * rows + r], weights.values[r], x[t], bias[r], rounds, tolerance);
                    }
                }
            }
        }
    }

    private static double tolerance(boolean tensorCoresAddUpRows) {
        return tensorCoresAddUpRows ? TOLERANCE_OF_ROUNDED : TOLERANCE;
    }

    /// Only activations that meet bfloat16 weights.
    private static boolean rounds(Activations activations, WeightType type) {
        return activations == Activations.BFLOAT16 && type == WeightType.BF16;
    }

    /// Experts that nobody chose, that one pair chose, and that more pairs chose than a tile holds.
    ///
    /// @param share pairs that share an input
    @ParameterizedTest
    @CsvSource({
        "FLOAT32, BF16, 150, 2, 2, 40, 270",
        "FLOAT32, BF16, 40, 4, 1, 72, 33",
        "FLOAT32, F8, 70, 3, 3, 96, 65",
        "FLOAT32, F16, 16, 1, 1, 8, 5",
        "BFLOAT16, BF16, 150, 2, 2, 40, 270",
        "BFLOAT16, BF16, 40, 4, 1, 328, 33",
        "BFLOAT16, F8, 70, 3, 3, 96, 65"
    })
    void multipliesWithExperts(
            Activations activations, WeightType type, int tokens, int topK, int share, int columns, int rows) {
        int experts = 7;
        int[] chosen = new int[tokens * topK];
        for (int p = 0; p < chosen.length; p++) {
            chosen[p] = p % topK == 0 ? 5 : p % experts == 6 ? 1 : p % 3;
        }
        chosen[0] = 6;
        float[][] x = activations(chosen.length / share, columns);
        List<Weights> weights = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            weights.add(weights(type, rows, columns));
        }

        List<float[]> found = device.call(() -> multiplyChosen(activations, type, x, weights, chosen, share, rows));

        boolean rounds = rounds(activations, type);
        assertThat(found).hasSize(rounds || type == WeightType.F8 ? 1 : 2);
        for (float[] y : found) {
            for (int p = 0; p < chosen.length; p++) {
                for (int r = 0; r < rows; r++) {
                    assertIsProduct(
                            y[p * rows + r],
                            weights.get(chosen[p]).values[r],
                            x[p / share],
                            0,
                            rounds,
                            tolerance(rounds));
                }
            }
        }
    }

    private static void assertIsProduct(
            float found, double[] weights, float[] x, float bias, boolean rounds, double tolerance) {
        double sum = bias;
        double magnitude = Math.abs(sum);
        for (int c = 0; c < x.length; c++) {
            double product = weights[c] * (rounds ? RoundedNumbers.bfloat16(x[c]) : x[c]);
            sum += product;
            magnitude += Math.abs(product);
        }
        assertThat(Math.abs(found - sum)).isLessThanOrEqualTo(tolerance * magnitude);
    }

    /// Rows of very different size, and one of zeros.
    private float[][] activations(int tokens, int columns) {
        float[][] x = new float[tokens][columns];
        for (int t = 1; t < tokens; t++) {
            double size = Math.pow(10, random.nextInt(17) - 8);
            for (int c = 0; c < columns; c++) {
                x[t][c] = (float) (size * random.nextGaussian());
            }
        }
        return x;
    }

    private Weights weights(WeightType type, int rows, int columns) {
        byte[] stored = new byte[rows * columns * type.bytes()];
        int blocks = Math.ceilDiv(columns, SCALE_COLUMNS);
        float[] scales = new float[rows * blocks];
        double[][] values = new double[rows][columns];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (float) Math.exp(random.nextGaussian());
        }
        for (int r = 0; r < rows; r++) {
            double size = type == WeightType.BF16 && r > 0 ? Math.pow(10, random.nextInt(17) - 8) : 1;
            for (int c = 0; c < columns; c++) {
                int at = (r * columns + c) * type.bytes();
                float value = (float) (size * random.nextGaussian());
                switch (type) {
                    case BF16 -> {
                        int bits = Float.floatToRawIntBits(value) >>> 16;
                        store(stored, at, bits);
                        values[r][c] = Float.intBitsToFloat(bits << 16);
                    }
                    case F16 -> {
                        short bits = Float.floatToFloat16(value);
                        store(stored, at, bits);
                        values[r][c] = Float.float16ToFloat(bits);
                    }
                    case F8 -> {
                        int exponent = random.nextInt(16);
                        int mantissa = random.nextInt(exponent == 15 ? 7 : 8);
                        int sign = random.nextInt(2);
                        stored[at] = (byte) (sign << 7 | exponent << 3 | mantissa);
                        double magnitude = exponent == 0
                                ? Math.scalb((double) mantissa, -9)
                                : Math.scalb(8.0 + mantissa, exponent - 10);
                        values[r][c] = (sign == 0 ? magnitude : -magnitude) * scales[r * blocks + c / SCALE_COLUMNS];
                    }
                    case F32 -> throw new IllegalArgumentException("no tiles");
                }
            }
        }
        return new Weights(stored, scales, values);
    }

    private static void store(byte[] to, int at, int bits) {
        to[at] = (byte) bits;
        to[at + 1] = (byte) (bits >> 8);
    }

    /// By each kind of tile.
    private static List<float[]> multiply(
            Activations activations,
            Optional<Cublas> library,
            WeightType type,
            float[][] x,
            Weights weights,
            float[] bias) {
        int tokens = x.length;
        int rows = bias.length;
        try (Arena arena = Arena.ofConfined();
                DeviceMemory memory = new DeviceMemory(device, 64L << 20);
                Stream stream = new Stream(device)) {
            DeviceMatrix w = experts(type, List.of(weights), rows, x[0].length, memory, stream)
                    .first();
            long biases = memory.take((long) rows * Float.BYTES);
            memory.write(biases, arena.allocateFrom(ValueLayout.JAVA_FLOAT, bias));
            long to = memory.take((long) tokens * rows * Float.BYTES);
            long from = write(x, memory);
            long room = memory.take(CublasLauncher.bytes((long) tokens * x[0].length));
            Optional<CublasHandle> handle = library.map(CublasHandle::new);
            try {
                TileLauncher tiles = new TileLauncher(
                        device,
                        kernels,
                        stream,
                        activations,
                        handle.map(own -> new CublasLauncher(own, kernels, stream, activations, room)),
                        places(x, 0, 0, memory));
                assertThat(tiles.canMultiply(w, tokens)).isTrue();
                List<float[]> found = new ArrayList<>();
                for (TileLauncher.Tile tile : tiles.tiles(type)) {
                    tiles.multiply(tile, w, biases, from, x[0].length + GAP, to, rows, tokens);
                    found.add(read(to, tokens * rows, stream));
                }
                return found;
            } finally {
                handle.ifPresent(CublasHandle::close);
            }
        }
    }

    /// By each kind of tile.
    private static List<float[]> multiplyChosen(
            Activations activations,
            WeightType type,
            float[][] x,
            List<Weights> weights,
            int[] chosen,
            int share,
            int rows) {
        try (Arena arena = Arena.ofConfined();
                DeviceMemory memory = new DeviceMemory(device, 64L << 20);
                Stream stream = new Stream(device)) {
            DeviceExperts experts = experts(type, weights, rows, x[0].length, memory, stream);
            long chosenOnDevice = memory.take((long) chosen.length * Integer.BYTES);
            memory.write(chosenOnDevice, arena.allocateFrom(ValueLayout.JAVA_INT, chosen));
            long to = memory.take((long) chosen.length * rows * Float.BYTES);
            TileLauncher tiles = new TileLauncher(
                    device,
                    kernels,
                    stream,
                    activations,
                    Optional.empty(),
                    places(x, experts.count(), chosen.length, memory));
            assertThat(tiles.canMultiply(experts, x.length)).isTrue();
            long from = write(x, memory);
            tiles.group(chosenOnDevice, experts.count(), chosen.length);
            List<float[]> found = new ArrayList<>();
            for (TileLauncher.Tile tile : tiles.expertTiles(type)) {
                tiles.multiplyChosen(tile, experts, from, x[0].length + GAP, share, to, rows, chosen.length);
                found.add(read(to, chosen.length * rows, stream));
            }
            return found;
        }
    }

    private static TileLauncher.Places places(float[][] x, int experts, int pairs, DeviceMemory memory) {
        return new TileLauncher.Places(
                memory.take((long) x.length * x[0].length * Float.BYTES),
                memory.take((long) x.length * Float.BYTES),
                memory.take((long) pairs * Integer.BYTES),
                memory.take(TileLauncher.expertBytes(experts, pairs)));
    }

    private static DeviceExperts experts(
            WeightType type, List<Weights> weights, int rows, int columns, DeviceMemory memory, Stream stream) {
        long stride = DeviceMemory.aligned((long) rows * columns * type.bytes()) / type.bytes();
        long scaleStride = weights.getFirst().scales.length;
        long data = memory.take(weights.size() * stride * type.bytes());
        long scales = memory.take(weights.size() * scaleStride * Float.BYTES);
        try (Arena arena = Arena.ofConfined()) {
            for (int e = 0; e < weights.size(); e++) {
                Weights own = weights.get(e);
                memory.write(data + e * stride * type.bytes(), arena.allocateFrom(ValueLayout.JAVA_BYTE, own.stored));
                memory.write(
                        scales + e * scaleStride * Float.BYTES, arena.allocateFrom(ValueLayout.JAVA_FLOAT, own.scales));
            }
        }
        if (type == WeightType.BF16) {
            new Room.OnDevice(device, memory, kernels, stream)
                    .scaleRows(scales, scaleStride, data, stride, weights.size(), rows, columns);
        }
        DeviceMatrix first = new DeviceMatrix(data, scales, SCALE_COLUMNS, rows, columns, type);
        return new DeviceExperts(first, weights.size(), stride, scaleStride);
    }

    private static long write(float[][] x, DeviceMemory memory) {
        long stride = (long) x[0].length + GAP;
        long from = memory.take(x.length * stride * Float.BYTES);
        try (Arena arena = Arena.ofConfined()) {
            for (int t = 0; t < x.length; t++) {
                memory.write(from + t * stride * Float.BYTES, arena.allocateFrom(ValueLayout.JAVA_FLOAT, x[t]));
            }
        }
        memory.finishWrites();
        return from;
    }

    private static float[] read(long from, int numbers, Stream stream) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment y = arena.allocate(ValueLayout.JAVA_FLOAT, numbers);
            stream.copyOut(y, from);
            stream.synchronize();
            return y.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
