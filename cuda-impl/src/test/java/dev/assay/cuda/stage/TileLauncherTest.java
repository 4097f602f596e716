package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.Room;
import dev.assay.cuda.weight.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
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
        "BF16, 16, 8, 5",
        "BF16, 67, 136, 130",
        "BF16, 131, 72, 517",
        "F16, 67, 136, 130",
        "F16, 131, 72, 517",
        "F8, 67, 144, 130",
        "F8, 131, 80, 517"
    })
    void multiplies(WeightType type, int tokens, int columns, int rows) {
        float[][] x = activations(tokens, columns);
        Weights weights = weights(type, rows, columns);
        float[] bias = new float[rows];
        for (int r = 0; r < rows; r++) {
            bias[r] = (float) random.nextGaussian();
        }

        float[] y = device.call(() -> multiply(type, x, weights, bias));

        for (int t = 0; t < tokens; t++) {
            for (int r = 0; r < rows; r++) {
                double sum = bias[r];
                double magnitude = Math.abs(sum);
                for (int c = 0; c < columns; c++) {
                    double product = weights.values[r][c] * x[t][c];
                    sum += product;
                    magnitude += Math.abs(product);
                }
                assertThat(Math.abs(y[t * rows + r] - sum))
                        .as("token %d, row %d", t, r)
                        .isLessThanOrEqualTo(TOLERANCE * magnitude);
            }
        }
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

    private static final int SCALE_COLUMNS = 64;

    private static float[] multiply(WeightType type, float[][] x, Weights weights, float[] bias) {
        int tokens = x.length;
        int columns = x[0].length;
        int rows = bias.length;
        try (Arena arena = Arena.ofConfined();
                DeviceMemory memory = new DeviceMemory(device, 64L << 20);
                Stream stream = new Stream(device)) {
            long data = memory.take(weights.stored.length);
            memory.write(data, arena.allocateFrom(ValueLayout.JAVA_BYTE, weights.stored));
            long scales = memory.take((long) weights.scales.length * Float.BYTES);
            memory.write(scales, arena.allocateFrom(ValueLayout.JAVA_FLOAT, weights.scales));
            if (type == WeightType.BF16) {
                new Room.OnDevice(device, memory, kernels, stream).scaleRows(scales, 0, data, 0, 1, rows, columns);
            }
            long biases = memory.take((long) rows * Float.BYTES);
            memory.write(biases, arena.allocateFrom(ValueLayout.JAVA_FLOAT, bias));
            int stride = columns + 3; // such that rows begin anywhere
            long from = memory.take((long) tokens * stride * Float.BYTES);
            for (int t = 0; t < tokens; t++) {
                memory.write(from + (long) t * stride * Float.BYTES, arena.allocateFrom(ValueLayout.JAVA_FLOAT, x[t]));
            }
            memory.finishWrites();
            long to = memory.take((long) tokens * rows * Float.BYTES);
            long planes = memory.take((long) tokens * columns * Float.BYTES);
            long factors = memory.take((long) tokens * Float.BYTES);
            DeviceMatrix w = new DeviceMatrix(data, scales, SCALE_COLUMNS, rows, columns, type);
            TileLauncher tiles = new TileLauncher(device, kernels, stream, planes, factors);
            assertThat(tiles.canMultiply(w, tokens)).isTrue();
            tiles.multiply(w, biases, from, stride, to, rows, tokens);
            MemorySegment y = arena.allocate(ValueLayout.JAVA_FLOAT, (long) tokens * rows);
            stream.copyOut(y, to);
            stream.synchronize();
            return y.toArray(ValueLayout.JAVA_FLOAT);
        }
    }
}
