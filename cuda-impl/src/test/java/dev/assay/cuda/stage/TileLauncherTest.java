package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.HiddenActivation;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Cublas;
import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products on tensor cores against sums in double, at sizes that end within tiles, of numbers of any size: golden
/// cases are too small for most of it.
class TileLauncherTest {
    /// Of a float32 sum, relative to the sum of magnitudes.
    private static final double TOLERANCE = 3e-7;
    /// The same where tensor cores add up whole rows, and cut off what they add. Rounding activations counts 1e-4.
    private static final double TOLERANCE_OF_ROUNDED = 2e-6;

    /// The same of inputs that are made with float32.
    private static final double TOLERANCE_OF_MADE = 1e-6;
    /// The same where they are rounded to bfloat16, which of few is the other neighbour than of the exact input.
    private static final double TOLERANCE_OF_ROUNDED_OTHERWISE = 5e-4;

    private static final double EPS = 1e-5;

    /// Columns whose products tensor cores add up in one step.
    private static final int FEW_COLUMNS = 16;

    private static final int SCALE_COLUMNS = 64;
    /// Between rows of activations, such that these begin anywhere.
    private static final int GAP = 3;
    /// Bytes of device memory.
    private static final long ROOM = 64L << 20;

    private static FakeDevice device;

    private final Random random = new Random(5);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        device = FakeDevice.first();
    }

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
        StoredWeights weights = weights(type, rows, columns);
        float[] bias = new float[rows];
        for (int r = 0; r < rows; r++) {
            bias[r] = (float) random.nextGaussian();
        }

        List<float[]> found = device.call(ROOM, run -> multiply(run, activations, Optional.empty(), x, weights, bias));

        boolean rounds = rounds(activations, type);
        assertThat(found).hasSize(rounds || type == WeightType.F8 ? 2 : 4);
        for (float[] y : found) {
            for (int t = 0; t < tokens; t++) {
                for (int r = 0; r < rows; r++) {
                    assertIsProduct(y[t * rows + r], weights.row(r), x[t], bias[r], rounds, tolerance(rounds));
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
        StoredWeights weights = weights(type, rows, columns);
        Optional<Cublas> library = Optional.of(Cublas.first(device.device()));
        boolean rounds = rounds(activations, type);
        double tolerance = tolerance(rounds || columns > FEW_COLUMNS);
        for (float[] bias : List.of(new float[rows], activations(2, rows)[1])) {
            List<float[]> found = device.call(ROOM, run -> multiply(run, activations, library, x, weights, bias));

            for (float[] y : found) {
                for (int t = 0; t < tokens; t++) {
                    for (int r = 0; r < rows; r++) {
                        assertIsProduct(y[t * rows + r], weights.row(r), x[t], bias[r], rounds, tolerance);
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

    /// What the input is made from.
    enum Made {
        BY_NORM(1),
        BY_GATE(2);

        /// Rows that it is made from are so many times as wide.
        private final int halves;

        Made(int halves) {
            this.halves = halves;
        }

        /// The input of a row, and what it is to the kernel.
        float[] input(float[] from, float[] gain) {
            float[] input = new float[gain.length];
            double squares = 0;
            for (float value : from) {
                squares += (double) value * value;
            }
            for (int c = 0; c < input.length; c++) {
                input[c] = (float)
                        switch (this) {
                            case BY_NORM -> from[c] / Math.sqrt(squares / input.length + EPS) * gain[c];
                            case BY_GATE -> from[c] / (1 + Math.exp(-from[c])) * from[input.length + c];
                        };
            }
            return input;
        }

        Making making(long gain, int columns) {
            return switch (this) {
                case BY_NORM -> new Making.Norm(new RowNorm.Rms(gain, columns, EPS));
                case BY_GATE -> new Making.Gate(HiddenActivation.SILU);
            };
        }
    }

    /// Products that make their input by themselves and add to what is there, in rows that end anywhere.
    ///
    /// @param gap between rows of the residual: none lets them be written in fours
    @ParameterizedTest
    @CsvSource({
        "FLOAT32, BF16, BY_NORM, 67, 136, 132, 0",
        "FLOAT32, BF16, BY_NORM, 17, 4360, 5, 3", // more than once around the threads of a block
        "FLOAT32, BF16, BY_GATE, 131, 72, 517, 1",
        "FLOAT32, F16, BY_NORM, 67, 136, 130, 2",
        "FLOAT32, F8, BY_GATE, 67, 144, 132, 0",
        "BFLOAT16, BF16, BY_NORM, 131, 72, 517, 3",
        "BFLOAT16, BF16, BY_NORM, 67, 456, 260, 4",
        "BFLOAT16, BF16, BY_GATE, 130, 264, 260, 0",
        "BFLOAT16, BF16, BY_GATE, 17, 4360, 5, 0",
        "BFLOAT16, F16, BY_GATE, 67, 136, 130, 3"
    })
    void makesItsInputAndAdds(
            Activations activations, WeightType type, Made made, int tokens, int columns, int rows, int gap) {
        float[][] from = moderate(tokens, made.halves * columns);
        float[] gain = moderate(1, columns)[0];
        float[][] residual = moderate(tokens, rows + gap);
        StoredWeights weights = weights(type, rows, columns);

        List<float[][]> found =
                device.call(ROOM, run -> multiplyMade(run, activations, made, from, gain, weights, residual));

        boolean rounds = rounds(activations, type);
        assertThat(found).hasSize(rounds || type == WeightType.F8 ? 2 : 4);
        for (float[][] y : found) {
            for (int t = 0; t < tokens; t++) {
                float[] x = made.input(from[t], gain);
                for (int r = 0; r < rows; r++) {
                    double tolerance = rounds ? TOLERANCE_OF_ROUNDED_OTHERWISE : TOLERANCE_OF_MADE;
                    assertIsProduct(y[t][r], weights.row(r), x, residual[t][r], rounds, tolerance);
                }
                // What lies between rows is another's.
                for (int r = rows; r < rows + gap; r++) {
                    assertThat(y[t][r]).isEqualTo(residual[t][r]);
                }
            }
        }
    }

    /// Products of gate and up that leave their activated product, rounded, with widths that end within tiles.
    @ParameterizedTest
    @CsvSource({"67, 136, 264", "131, 72, 8", "16, 456, 128"})
    void gates(int tokens, int columns, int width) {
        float[][] x = moderate(tokens, columns);
        float[] bias = moderate(1, 2 * width)[0];
        StoredWeights weights = weights(WeightType.BF16, 2 * width, columns);

        float[] found = device.call(ROOM, run -> multiplyGated(run, x, weights, bias));

        assertThat(found).hasSize(tokens * width);
        for (int t = 0; t < tokens; t++) {
            for (int r = 0; r < width; r++) {
                double gate = bias[r];
                double up = bias[width + r];
                double ofGate = 1;
                double ofUp = 1;
                for (int c = 0; c < columns; c++) {
                    double rounded = RoundedNumbers.bfloat16(x[t][c]);
                    gate += weights.row(r)[c] * rounded;
                    up += weights.row(width + r)[c] * rounded;
                    ofGate += Math.abs(weights.row(r)[c] * rounded);
                    ofUp += Math.abs(weights.row(width + r)[c] * rounded);
                }
                double expected = gate / (1 + Math.exp(-gate)) * up;
                assertThat(Math.abs(found[t * width + r] - expected))
                        .isLessThanOrEqualTo(
                                Math.scalb(Math.abs(expected), -8) + 2 * TOLERANCE_OF_ROUNDED * ofGate * ofUp);
            }
        }
    }

    private float[][] moderate(int rows, int columns) {
        float[][] all = new float[rows][columns];
        for (float[] row : all) {
            for (int c = 0; c < columns; c++) {
                row[c] = (float) random.nextGaussian();
            }
        }
        return all;
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
        List<StoredWeights> weights = new ArrayList<>();
        for (int e = 0; e < experts; e++) {
            weights.add(weights(type, rows, columns));
        }

        List<float[]> found = device.call(ROOM, run -> multiplyChosen(run, activations, x, weights, chosen, share));

        boolean rounds = rounds(activations, type);
        assertThat(found).hasSize(rounds || type == WeightType.F8 ? 1 : 2);
        for (float[] y : found) {
            for (int p = 0; p < chosen.length; p++) {
                for (int r = 0; r < rows; r++) {
                    assertIsProduct(
                            y[p * rows + r], weights.get(chosen[p]).row(r), x[p / share], 0, rounds, tolerance(rounds));
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

    private StoredWeights weights(WeightType type, int rows, int columns) {
        float[] scales = new float[rows * Math.ceilDiv(columns, SCALE_COLUMNS)];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = (float) Math.exp(random.nextGaussian());
        }
        StoredWeights weights = new StoredWeights(type, rows, columns, SCALE_COLUMNS, scales);
        for (int r = 0; r < rows; r++) {
            double size = type == WeightType.BF16 && r > 0 ? Math.pow(10, random.nextInt(17) - 8) : 1;
            for (int c = 0; c < columns; c++) {
                weights.set(r, c, type == WeightType.F8 ? anyE4m3() : (float) (size * random.nextGaussian()));
            }
        }
        return weights;
    }

    private float anyE4m3() {
        int exponent = random.nextInt(16);
        int mantissa = random.nextInt(exponent == 15 ? 7 : 8);
        float magnitude = exponent == 0 ? Math.scalb((float) mantissa, -9) : Math.scalb(8f + mantissa, exponent - 10);
        return random.nextBoolean() ? magnitude : -magnitude;
    }

    /// By each kind of tile.
    private static List<float[]> multiply(
            FakeDevice.Run run,
            Activations activations,
            Optional<Cublas> library,
            float[][] x,
            StoredWeights weights,
            float[] bias) {
        int tokens = x.length;
        int rows = bias.length;
        DeviceMatrix w = weights.write(run);
        long biases = run.write(bias);
        long to = run.takeFloats((long) tokens * rows);
        TileLauncher.Input.Rows input = input(run, new Making.Nothing(), x);
        long room = run.memory().take(CublasLauncher.bytes((long) tokens * x[0].length));
        Optional<CublasHandle> handle = library.map(CublasHandle::new);
        try {
            TileLauncher tiles = new TileLauncher(
                    run.device(),
                    run.kernels(),
                    run.stream(),
                    activations,
                    handle.map(own -> new CublasLauncher(own, run.kernels(), run.stream(), activations, room)),
                    places(run, x, 0, 0));
            assertThat(tiles.canMultiply(w, tokens)).isTrue();
            List<float[]> found = new ArrayList<>();
            for (TileLauncher.Tile tile : tiles.tiles(w.type())) {
                tiles.multiply(tile, w, biases, input, 0, to, rows, tokens);
                found.add(run.read(to, tokens * rows));
            }
            return found;
        } finally {
            handle.ifPresent(CublasHandle::close);
        }
    }

    private static float[] multiplyGated(FakeDevice.Run run, float[][] x, StoredWeights weights, float[] bias) {
        int numbers = x.length * bias.length / 2;
        DeviceMatrix w = weights.write(run);
        long biases = run.write(bias);
        TileLauncher tiles = tiles(run, Activations.BFLOAT16, places(run, x, 0, 0));
        assertThat(tiles.canGate(w, w, x.length)).isTrue();
        long to = run.memory().take((long) numbers * Short.BYTES);
        tiles.multiplyGated(w, biases, input(run, new Making.Nothing(), x), HiddenActivation.SILU, to, x.length);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment y = arena.allocate(ValueLayout.JAVA_SHORT, numbers);
            run.stream().copyOut(y, to);
            run.stream().synchronize();
            float[] found = new float[numbers];
            for (int i = 0; i < numbers; i++) {
                found[i] = Float.intBitsToFloat(y.getAtIndex(ValueLayout.JAVA_SHORT, i) << 16);
            }
            return found;
        }
    }

    /// By each kind of tile: rows of the residual with products added to them.
    private static List<float[][]> multiplyMade(
            FakeDevice.Run run,
            Activations activations,
            Made made,
            float[][] from,
            float[] gain,
            StoredWeights weights,
            float[][] residual) {
        int tokens = from.length;
        DeviceMatrix w = weights.write(run);
        TileLauncher tiles = tiles(run, activations, places(run, from, 0, 0));
        assertThat(tiles.canMultiply(w, tokens)).isTrue();
        TileLauncher.Input.Rows input = input(run, made.making(run.write(gain), gain.length), from);
        List<float[][]> found = new ArrayList<>();
        for (TileLauncher.Tile tile : tiles.tiles(w.type())) {
            int stride = residual[0].length;
            long to = run.write(flat(residual, 0));
            tiles.multiply(tile, w, 0, input, to, to, stride, tokens);
            float[] all = run.read(to, tokens * stride);
            float[][] y = new float[tokens][];
            Arrays.setAll(y, t -> Arrays.copyOfRange(all, t * stride, (t + 1) * stride));
            found.add(y);
        }
        return found;
    }

    /// By each kind of tile.
    private static List<float[]> multiplyChosen(
            FakeDevice.Run run,
            Activations activations,
            float[][] x,
            List<StoredWeights> weights,
            int[] chosen,
            int share) {
        DeviceExperts experts = StoredWeights.write(weights, run);
        int rows = experts.first().rows();
        long chosenOnDevice = run.write(chosen);
        long to = run.takeFloats((long) chosen.length * rows);
        TileLauncher tiles = tiles(run, activations, places(run, x, experts.count(), chosen.length));
        assertThat(tiles.canMultiply(experts, x.length)).isTrue();
        TileLauncher.Input.Rows input = input(run, new Making.Nothing(), x);
        tiles.group(chosenOnDevice, experts.count(), chosen.length);
        List<float[]> found = new ArrayList<>();
        for (TileLauncher.Tile tile : tiles.expertTiles(experts.first().type())) {
            tiles.multiplyChosen(tile, experts, input, share, to, rows, chosen.length);
            found.add(run.read(to, chosen.length * rows));
        }
        return found;
    }

    private static TileLauncher tiles(FakeDevice.Run run, Activations activations, TileLauncher.Places places) {
        return new TileLauncher(run.device(), run.kernels(), run.stream(), activations, Optional.empty(), places);
    }

    private static TileLauncher.Places places(FakeDevice.Run run, float[][] x, int experts, int pairs) {
        return new TileLauncher.Places(
                run.takeFloats((long) x.length * x[0].length),
                run.takeFloats(x.length),
                run.memory().take((long) pairs * Integer.BYTES),
                run.memory().take(TileLauncher.expertBytes(experts, pairs)));
    }

    private static TileLauncher.Input.Rows input(FakeDevice.Run run, Making making, float[][] x) {
        return new TileLauncher.Input.Rows(making, run.write(flat(x, GAP)), x[0].length + GAP);
    }

    /// Rows one after another; the `gap` numbers behind each are no numbers.
    private static float[] flat(float[][] rows, int gap) {
        int stride = rows[0].length + gap;
        float[] all = new float[rows.length * stride];
        Arrays.fill(all, Float.NaN);
        for (int t = 0; t < rows.length; t++) {
            System.arraycopy(rows[t], 0, all, t * stride, rows[t].length);
        }
        return all;
    }
}
