package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.Images;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Products with one token against sums in double, at sizes that end within units and spans, and at more spans than a
/// team has warps: golden cases are too narrow for those.
class MultiplyOneTest {
    /// Of a float32 sum and of a norm in few instructions, relative to the sum of magnitudes.
    private static final double TOLERANCE = 1e-6;

    private static final float EPS = 1e-5f;
    private static final int SCALE_COLUMNS = 64;
    private static final int SILU = 0;

    private static Device device;
    private static KernelImage kernels;

    private final Random random = new Random(3);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
        kernels = KernelImage.load(device, Images.CUBIN);
    }

    /// A product's operands, and what its sums are without a norm. Without gain there is no norm.
    private record Product(
            WeightType type, int rows, int columns, double[][] weights, float[] scales, float[] x, float[] gain) {
        /// Row r times the input, and the sum of magnitudes.
        double[] sum(int r) {
            double sum = 0;
            double magnitude = 0;
            for (int c = 0; c < columns; c++) {
                double product = weights[r][c] * scale(r, c) * x[c] * (gain.length == 0 ? 1 : gain[c]);
                sum += product;
                magnitude += Math.abs(product);
            }
            double factor = factor();
            return new double[] {sum * factor, magnitude * factor};
        }

        private double scale(int r, int c) {
            return type == WeightType.F8 ? scales[r * Math.ceilDiv(columns, SCALE_COLUMNS) + c / SCALE_COLUMNS] : 1;
        }

        double factor() {
            double squares = 0;
            for (float value : x) {
                squares += (double) value * value;
            }
            return gain.length == 0 ? 1 : 1 / Math.sqrt(squares / columns + EPS);
        }
    }

    /// What the kernels have left, and the addresses that they were given.
    private record Found(float[] sums, float[] normalised, float[] gated) {}

    @ParameterizedTest
    @CsvSource({
        "BF16, 8, 6, true",
        "BF16, 264, 34, true",
        "BF16, 264, 34, false",
        "BF16, 4360, 18, true", // more spans than warps, in blocks of their own
        "BF16, 4616, 300, true", // and in many blocks
        "BF16, 2056, 300, false",
        "BF16, 37, 26, true", // not in eights
        "F16, 72, 500, true",
        "F32, 520, 42, true",
        "F32, 4360, 18, false",
        "F8, 4352, 34, true",
        "F8, 328, 300, false",
    })
    void multiplies(WeightType type, int columns, int rows, boolean normalises) {
        Product product = product(type, rows, columns, normalises);
        float[] residual = numbers(rows);
        float[] bias = numbers(rows);

        Found found = device.call(() -> multiply(product, residual, bias));

        for (int r = 0; r < rows; r++) {
            double[] sum = product.sum(r);
            assertThat(Math.abs(found.sums[r] - (sum[0] + residual[r] + bias[r])))
                    .as("row %d", r)
                    .isLessThanOrEqualTo(TOLERANCE * (sum[1] + 2));
        }
        for (int c = 0; normalises && c < columns; c++) {
            double expected = product.x[c] * product.gain[c] * product.factor();
            assertThat(Math.abs(found.normalised[c] - expected)).isLessThanOrEqualTo(TOLERANCE * Math.abs(expected));
        }
        int width = rows / 2;
        for (int r = 0; r < width; r++) {
            double[] gate = product.sum(r);
            double[] up = product.sum(width + r);
            double g = gate[0] + bias[r];
            double u = up[0] + bias[width + r];
            assertThat(Math.abs(found.gated[r] - g / (1 + Math.exp(-g)) * u))
                    .as("gate %d", r)
                    .isLessThanOrEqualTo(2 * TOLERANCE * (gate[1] + 1) * (up[1] + 1));
        }
    }

    private Product product(WeightType type, int rows, int columns, boolean normalises) {
        double[][] weights = new double[rows][columns];
        for (double[] row : weights) {
            // All types have these, E4M3 too.
            Arrays.setAll(row, _ -> (random.nextInt(25) - 12) / 8.0);
        }
        float[] scales = numbers(rows * Math.ceilDiv(columns, SCALE_COLUMNS));
        return new Product(
                type, rows, columns, weights, scales, numbers(columns), normalises ? numbers(columns) : new float[0]);
    }

    /// Of magnitude 1 at most.
    private float[] numbers(int count) {
        float[] all = new float[count];
        for (int i = 0; i < count; i++) {
            all[i] = 2 * random.nextFloat() - 1;
        }
        return all;
    }

    private static Found multiply(Product product, float[] residual, float[] bias) {
        int rows = product.rows;
        int columns = product.columns;
        try (Arena arena = Arena.ofConfined();
                DeviceMemory memory = new DeviceMemory(device, 32L << 20);
                Stream stream = new Stream(device)) {
            long data = memory.take((long) rows * columns * product.type.bytes());
            memory.write(data, stored(product, arena));
            DeviceMatrix w = new DeviceMatrix(
                    data, write(product.scales, memory, arena), SCALE_COLUMNS, rows, columns, product.type);
            long x = write(product.x, memory, arena);
            long gain = product.gain.length == 0 ? 0 : write(product.gain, memory, arena);
            long residuals = write(residual, memory, arena);
            long biases = write(bias, memory, arena);
            long to = memory.take((long) rows * Float.BYTES);
            long normalised = memory.take((long) columns * Float.BYTES);
            memory.finishWrites();
            long eps = Launch.of(EPS);
            long[] one = {to, residuals, x, gain, eps, gain == 0 ? 0 : normalised};
            launch(stream, "multiply_one_", w, Shares.of(w, rows, 1, 1, device), one, biases, rows);
            float[] sums = read(to, rows, stream);
            int width = rows / 2;
            Shares shares = Shares.of(w, width, 2, 1, device);
            launch(stream, "multiply_gated_one_", w, shares, new long[] {to, x, gain, eps}, biases, width, SILU);
            return new Found(sums, read(normalised, columns, stream), read(to, width, stream));
        }
    }

    private static void launch(
            Stream stream, String name, DeviceMatrix w, Shares shares, long[] before, long bias, long... after) {
        long[] matrix = {w.data(), w.scales(), w.scaleColumns(), w.columns(), bias};
        long[] arguments = new long[before.length + matrix.length + after.length + 2];
        System.arraycopy(before, 0, arguments, 0, before.length);
        System.arraycopy(matrix, 0, arguments, before.length, matrix.length);
        System.arraycopy(after, 0, arguments, before.length + matrix.length, after.length);
        arguments[arguments.length - 2] = shares.team();
        arguments[arguments.length - 1] = shares.inTurns() ? 1 : 0;
        String kernel = name + w.type().suffix();
        stream.launch(kernels.launch(
                "linear", kernel, shares.blocks(), 1, 1, shares.threads(), shares.sharedBytes(), arguments));
    }

    private static MemorySegment stored(Product product, Arena arena) {
        int bytes = product.type.bytes();
        MemorySegment all = arena.allocate((long) product.rows * product.columns * bytes, 16);
        for (int i = 0; i < product.rows * product.columns; i++) {
            float value = (float) product.weights[i / product.columns][i % product.columns];
            switch (product.type) {
                case F32 -> all.setAtIndex(ValueLayout.JAVA_FLOAT, i, value);
                case BF16 -> all.setAtIndex(ValueLayout.JAVA_SHORT, i, (short) (Float.floatToRawIntBits(value) >>> 16));
                case F16 -> all.setAtIndex(ValueLayout.JAVA_SHORT, i, Float.floatToFloat16(value));
                case F8 -> all.set(ValueLayout.JAVA_BYTE, i, e4m3(value));
            }
        }
        return all;
    }

    /// Of a number that E4M3 has and that is not subnormal.
    private static byte e4m3(float value) {
        if (value == 0) {
            return 0;
        }
        int exponent = Math.getExponent(value);
        int mantissa = (int) (8 * Math.scalb(Math.abs(value), -exponent)) - 8;
        return (byte) ((value < 0 ? 0x80 : 0) | (exponent + 7) << 3 | mantissa);
    }

    private static long write(float[] numbers, DeviceMemory memory, Arena arena) {
        long at = memory.take((long) numbers.length * Float.BYTES);
        memory.write(at, arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers));
        return at;
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
