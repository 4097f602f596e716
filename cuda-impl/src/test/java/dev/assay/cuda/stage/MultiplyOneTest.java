package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
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

    private static FakeDevice device;

    private final Random random = new Random(3);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        device = FakeDevice.first();
    }

    /// A product's operands, and what its sums are without a norm. Without gain there is no norm.
    private record Product(StoredWeights weights, float[] x, float[] gain) {
        /// Row r times the input, and the sum of magnitudes.
        double[] sum(int r) {
            double sum = 0;
            double magnitude = 0;
            for (int c = 0; c < x.length; c++) {
                double product = weights.row(r)[c] * x[c] * (gain.length == 0 ? 1 : gain[c]);
                sum += product;
                magnitude += Math.abs(product);
            }
            double factor = factor();
            return new double[] {sum * factor, magnitude * factor};
        }

        double factor() {
            double squares = 0;
            for (float value : x) {
                squares += (double) value * value;
            }
            return gain.length == 0 ? 1 : 1 / Math.sqrt(squares / x.length + EPS);
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

        Found found = device.call(32L << 20, run -> multiply(run, product, residual, bias));

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
        float[] scales = numbers(rows * Math.ceilDiv(columns, SCALE_COLUMNS));
        StoredWeights weights = new StoredWeights(type, rows, columns, SCALE_COLUMNS, scales);
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                // All types have these, E4M3 too.
                weights.set(r, c, (random.nextInt(25) - 12) / 8f);
            }
        }
        return new Product(weights, numbers(columns), normalises ? numbers(columns) : new float[0]);
    }

    /// Of magnitude 1 at most.
    private float[] numbers(int count) {
        float[] all = new float[count];
        for (int i = 0; i < count; i++) {
            all[i] = 2 * random.nextFloat() - 1;
        }
        return all;
    }

    private static Found multiply(FakeDevice.Run run, Product product, float[] residual, float[] bias) {
        DeviceMatrix w = product.weights.write(run);
        int rows = w.rows();
        int columns = w.columns();
        long x = run.write(product.x);
        long gain = product.gain.length == 0 ? 0 : run.write(product.gain);
        long residuals = run.write(residual);
        long biases = run.write(bias);
        long to = run.takeFloats(rows);
        long normalised = run.takeFloats(columns);
        long eps = Launch.of(EPS);
        long[] one = {to, residuals, x, gain, eps, gain == 0 ? 0 : normalised};
        launch(run, "multiply_one_", w, Shares.of(w, rows, 1, 1, run.device()), one, biases, rows);
        float[] sums = run.read(to, rows);
        int width = rows / 2;
        Shares shares = Shares.of(w, width, 2, 1, run.device());
        launch(run, "multiply_gated_one_", w, shares, new long[] {to, x, gain, eps}, biases, width, SILU);
        return new Found(sums, run.read(normalised, columns), run.read(to, width));
    }

    private static void launch(
            FakeDevice.Run run, String name, DeviceMatrix w, Shares shares, long[] before, long bias, long... after) {
        long[] matrix = {w.data(), w.scales(), w.scaleColumns(), w.columns(), bias};
        long[] arguments = new long[before.length + matrix.length + after.length + 2];
        System.arraycopy(before, 0, arguments, 0, before.length);
        System.arraycopy(matrix, 0, arguments, before.length, matrix.length);
        System.arraycopy(after, 0, arguments, before.length + matrix.length, after.length);
        arguments[arguments.length - 2] = shares.team();
        arguments[arguments.length - 1] = shares.inTurns() ? 1 : 0;
        String kernel = name + w.type().suffix();
        Launch launch = run.kernels()
                .launch("linear", kernel, shares.blocks(), 1, 1, shares.threads(), shares.sharedBytes(), arguments);
        run.stream().launch(launch);
    }
}
