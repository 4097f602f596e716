package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention on tensor cores against double, at sizes that end within tiles, over a cache that wraps around.
class FlashLauncherTest {
    /// Of results that are weighted means of values of magnitude 1.
    private static final double TOLERANCE = 2e-6;
    /// `KEYS` of flash.cu where weights are rounded.
    private static final int KEYS = 64;

    private static FakeDevice device;

    private final Random random = new Random(11);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        device = FakeDevice.first();
    }

    /// @param start positions before the pass
    record Shape(
            Activations activations,
            KvCacheType type,
            Mask mask,
            int heads,
            int kvHeads,
            int width,
            int start,
            int tokens,
            int capacity) {
        /// Only what meets a bfloat16 cache.
        boolean rounds() {
            return activations == Activations.BFLOAT16 && type == KvCacheType.BFLOAT16;
        }
    }

    static List<Shape> shapes() {
        return List.of(
                new Shape(Activations.FLOAT32, KvCacheType.FLOAT32, new Mask.Causal(), 3, 1, 20, 0, 67, 67),
                new Shape(Activations.FLOAT32, KvCacheType.FLOAT32, new Mask.SlidingWindow(9), 2, 2, 12, 150, 70, 79),
                new Shape(Activations.FLOAT32, KvCacheType.FLOAT32, new Mask.Chunked(50), 2, 1, 64, 130, 65, 115),
                new Shape(Activations.FLOAT32, KvCacheType.FLOAT32, new Mask.Causal(), 1, 1, 132, 30, 20, 64),
                new Shape(Activations.FLOAT32, KvCacheType.BFLOAT16, new Mask.Causal(), 4, 2, 128, 70, 66, 160),
                new Shape(
                        Activations.FLOAT32, KvCacheType.BFLOAT16, new Mask.SlidingWindow(40), 2, 1, 72, 100, 80, 120),
                new Shape(Activations.FLOAT32, KvCacheType.BFLOAT16, new Mask.Causal(), 1, 1, 200, 0, 16, 16),
                new Shape(Activations.FLOAT32, KvCacheType.BFLOAT16, new Mask.Chunked(64), 1, 1, 24, 60, 70, 134),
                new Shape(Activations.BFLOAT16, KvCacheType.BFLOAT16, new Mask.Causal(), 4, 2, 128, 70, 66, 160),
                new Shape(
                        Activations.BFLOAT16, KvCacheType.BFLOAT16, new Mask.SlidingWindow(40), 2, 1, 56, 100, 80, 120),
                new Shape(Activations.BFLOAT16, KvCacheType.BFLOAT16, new Mask.Causal(), 1, 1, 200, 0, 80, 80),
                new Shape(Activations.BFLOAT16, KvCacheType.BFLOAT16, new Mask.Chunked(64), 1, 1, 24, 60, 70, 134),
                new Shape(Activations.BFLOAT16, KvCacheType.FLOAT32, new Mask.Causal(), 2, 1, 20, 30, 20, 50));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void attends(Shape shape) {
        int positions = shape.start + shape.tokens;
        float[] queries = numbers(shape.tokens * shape.heads * shape.width, 3);
        float[] keys = cached(positions * shape.kvHeads * shape.width, shape.type);
        float[] values = cached(positions * shape.kvHeads * shape.width, shape.type);
        double scale = 0.3;

        float[] results = device.call(16L << 20, run -> attend(run, shape, queries, keys, values, scale));

        for (int t = 0; t < shape.tokens; t++) {
            for (int h = 0; h < shape.heads; h++) {
                BlockAttention expected = expected(shape, queries, t, keys, values, h, scale);
                for (int i = 0; i < shape.width; i++) {
                    assertThat(Math.abs(results[(t * shape.heads + h) * shape.width + i] - expected.result(i)))
                            .as("token %d, head %d, number %d", t, h, i)
                            .isLessThanOrEqualTo(TOLERANCE + expected.slack());
                }
            }
        }
    }

    private static BlockAttention expected(
            Shape shape, float[] queries, int token, float[] keys, float[] values, int head, double scale) {
        int position = shape.start + token;
        int first = first(shape, position);
        int query = (token * shape.heads + head) * shape.width;
        BlockAttention expected = new BlockAttention(shape.width, shape.rounds());
        int begin = first(shape, shape.start + token / FlashLauncher.QUERIES * FlashLauncher.QUERIES);
        for (int block = begin; block <= position; block += KEYS) {
            int from = Math.max(first, block);
            int count = Math.max(0, Math.min(position + 1, block + KEYS) - from);
            double[] scores = new double[count];
            double[][] seen = new double[count][shape.width];
            for (int p = 0; p < count; p++) {
                int row = row(shape, from + p, head);
                for (int i = 0; i < shape.width; i++) {
                    float number = queries[query + i];
                    scores[p] += scale * (shape.rounds() ? RoundedNumbers.bfloat16(number) : number) * keys[row + i];
                    seen[p][i] = values[row + i];
                }
            }
            expected.add(scores, seen);
        }
        return expected;
    }

    /// The first position that the query at a position sees.
    private static int first(Shape shape, int position) {
        return position + 1 - (int) shape.mask.visible(position);
    }

    private static int row(Shape shape, int position, int head) {
        return (position * shape.kvHeads + head / (shape.heads / shape.kvHeads)) * shape.width;
    }

    private float[] numbers(int count, double most) {
        float[] all = new float[count];
        for (int i = 0; i < count; i++) {
            all[i] = (float) ((2 * random.nextDouble() - 1) * most);
        }
        return all;
    }

    private float[] cached(int count, KvCacheType type) {
        float[] all = numbers(count, 1);
        if (type == KvCacheType.BFLOAT16) {
            for (int i = 0; i < count; i++) {
                all[i] = Float.intBitsToFloat(Float.floatToRawIntBits(all[i]) & 0xffff0000);
            }
        }
        return all;
    }

    private static float[] attend(
            FakeDevice.Run run, Shape shape, float[] queries, float[] keys, float[] values, double scale) {
        long from = run.write(queries);
        long to = run.takeFloats(queries.length);
        long pass = run.write(shape.tokens, shape.start);
        long keyCache = cache(run, shape, keys);
        long valueCache = cache(run, shape, values);
        Stage.Attend attend = new Stage.Attend(
                0,
                shape.heads,
                shape.kvHeads,
                shape.width,
                shape.width,
                shape.mask,
                scale,
                View.of(Buffer.PROJECTED),
                View.of(Buffer.CONTEXT));
        FlashLauncher flash =
                new FlashLauncher(run.device(), run.kernels(), run.stream(), shape.type, shape.activations);
        assertThat(flash.canAttend(attend, shape.tokens)).isTrue();
        int stride = shape.heads * shape.width;
        flash.attend(
                attend,
                new FlashLauncher.Operands(from, stride, to, stride, keyCache, valueCache, shape.capacity, pass),
                shape.tokens);
        return run.read(to, queries.length);
    }

    private static long cache(FakeDevice.Run run, Shape shape, float[] rows) {
        int width = shape.kvHeads * shape.width;
        return run.writeRing(shape.type, shape.capacity, width, rows, 0, shape.start + shape.tokens);
    }
}
