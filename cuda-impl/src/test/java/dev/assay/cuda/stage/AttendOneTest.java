package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Launch;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention of one token against double, with either cache: parts of the positions that are joined in a cluster, in
/// one round of keys or in several, and, where one cluster has not all, through device memory; over a cache that wraps
/// around.
class AttendOneTest {
    /// Of results that are weighted means of values of magnitude 1, by scores that are no larger.
    private static final double TOLERANCE = 2e-6;
    /// The same by scores of 10 to 40; without the third part of queries they would be off by 3e-5.
    private static final double TOLERANCE_OF_SHARP = 1e-5;

    private static FakeDevice device;

    private final Random random = new Random(23);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        device = FakeDevice.first();
    }

    /// @param group heads that share keys
    /// @param parts blocks that share the positions
    record Shape(
            KvCacheType cache,
            int group,
            int kvHeads,
            int width,
            Mask mask,
            double scale,
            int position,
            int capacity,
            int parts) {}

    static java.util.stream.Stream<Shape> shapes() {
        java.util.stream.Stream.Builder<Shape> all = java.util.stream.Stream.builder();
        for (KvCacheType type : KvCacheType.values()) {
            all.add(new Shape(type, 2, 2, 64, new Mask.Causal(), 0.3, 150, 151, 8));
            all.add(new Shape(type, 3, 1, 24, new Mask.SlidingWindow(90), 6, 200, 100, 16));
            all.add(new Shape(type, 1, 2, 128, new Mask.Chunked(256), 0.3, 300, 400, 8));
            // Two blocks of heads, and several rounds of keys: 96 of a block at a time, or 48.
            all.add(new Shape(type, 6, 1, 72, new Mask.Causal(), 4, 1030, 1031, 8));
            // More than a cluster may have: 4 rounds of 8 blocks.
            int positions = type == KvCacheType.BFLOAT16 ? 3072 : 1536;
            all.add(new Shape(type, 2, 1, 256, new Mask.Causal(), 0.3, positions + 64, positions + 65, 8));
            all.add(new Shape(
                    type, 3, 1, 200, new Mask.SlidingWindow(positions + 24), 0.3, positions + 164, positions + 25, 24));
        }
        return all.build();
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void attends(Shape shape) {
        int rowWidth = shape.kvHeads * shape.width;
        float[] x = numbers((shape.group + 2) * rowWidth); // queries, key and value of the token
        float[] keys = numbers((shape.position + 1) * rowWidth);
        float[] values = numbers((shape.position + 1) * rowWidth);
        int queryWidth = shape.group * rowWidth;
        System.arraycopy(x, queryWidth, keys, shape.position * rowWidth, rowWidth);
        System.arraycopy(x, queryWidth + rowWidth, values, shape.position * rowWidth, rowWidth);
        if (shape.cache == KvCacheType.BFLOAT16) {
            round(keys);
            round(values);
        }

        float[] results = device.call(16L << 20, run -> attend(run, shape, x, keys, values));

        for (int head = 0; head < shape.group * shape.kvHeads; head++) {
            double[] expected = expected(shape, x, keys, values, head);
            for (int i = 0; i < shape.width; i++) {
                assertThat(Math.abs(results[head * shape.width + i] - expected[i]))
                        .as("head %d, number %d", head, i)
                        .isLessThanOrEqualTo(shape.scale > 1 ? TOLERANCE_OF_SHARP : TOLERANCE);
            }
        }
    }

    private static double[] expected(Shape shape, float[] x, float[] keys, float[] values, int head) {
        int first = shape.position + 1 - (int) shape.mask.visible(shape.position);
        double[] result = new double[shape.width];
        double sum = 0;
        for (int p = first; p <= shape.position; p++) {
            int row = (p * shape.kvHeads + head / shape.group) * shape.width;
            double score = IntStream.range(0, shape.width)
                    .mapToDouble(i -> (double) x[head * shape.width + i] * keys[row + i])
                    .sum();
            double weight = Math.exp(score * shape.scale);
            sum += weight;
            for (int i = 0; i < shape.width; i++) {
                result[i] += weight * values[row + i];
            }
        }
        double all = sum;
        return IntStream.range(0, shape.width).mapToDouble(i -> result[i] / all).toArray();
    }

    private static void round(float[] numbers) {
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = RoundedNumbers.bfloat16(numbers[i]);
        }
    }

    /// Of magnitude 1 at most.
    private float[] numbers(int count) {
        float[] all = new float[count];
        for (int i = 0; i < count; i++) {
            all[i] = 2 * random.nextFloat() - 1;
        }
        return all;
    }

    private static float[] attend(FakeDevice.Run run, Shape shape, float[] x, float[] keys, float[] values) {
        int heads = shape.group * shape.kvHeads;
        long from = run.write(x);
        long to = run.takeFloats((long) heads * shape.width);
        long pass = run.write(1, shape.position);
        long partials = run.takeFloats((long) heads * shape.parts * (shape.width + 2));
        long arrived = run.write(new int[heads]);
        long keyCache = cache(run, shape, keys);
        long valueCache = cache(run, shape, values);
        Stage.Attend attend = new Stage.Attend(
                0,
                heads,
                shape.kvHeads,
                shape.width,
                shape.width,
                shape.mask,
                shape.scale,
                View.of(Buffer.QUERY),
                View.of(Buffer.CONTEXT));
        AttendOneLauncher launcher = new AttendOneLauncher(run.device(), run.kernels(), run.stream(), shape.cache);
        assertThat(launcher.canAttend(attend)).isTrue();
        launcher.attend(
                attend,
                new AttendOneLauncher.Operands(
                        from,
                        to,
                        new long[] {0, 0, 0, 0, 0, 0, Launch.of(-1f)},
                        new long[] {0, 0, 0, 0},
                        0,
                        keyCache,
                        valueCache,
                        true,
                        shape.capacity,
                        partials,
                        arrived,
                        pass),
                shape.parts);
        return run.read(to, heads * shape.width);
    }

    /// Of the positions before the token's: where the token's will be, is no number.
    private static long cache(FakeDevice.Run run, Shape shape, float[] rows) {
        int first = Math.max(0, shape.position - shape.capacity + 1);
        return run.writeRing(shape.cache, shape.capacity, shape.kvHeads * shape.width, rows, first, shape.position);
    }
}
