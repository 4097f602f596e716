package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention to expanded latents on tensor cores against double: several groups of heads, of which the last is smaller,
/// positions that are expanded in several steps, tiles that end anywhere, a cache that wraps around.
class LatentLauncherTest {
    /// Of results that are weighted means of values of magnitude 1.
    private static final double TOLERANCE = 2e-6;
    /// Of keys, and of queries and values its inverse: far beyond the range of float16.
    private static final float FAR = 0x1p23f;

    private static final double SCALE = 0.3;
    private static final int SCALE_COLUMNS = 32;

    private static FakeDevice device;

    private final Random random = new Random(17);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        device = FakeDevice.first();
    }

    /// @param together heads at a time
    /// @param batch positions that are expanded at a time, or a little fewer
    /// @param start positions before the pass
    record Case(
            Activations activations,
            KvCacheType cache,
            WeightType weights,
            Mask mask,
            Expansion.Shape heads,
            int together,
            int batch,
            int start,
            int tokens,
            int capacity) {
        boolean rounds() {
            return activations == Activations.BFLOAT16;
        }

        /// As kernels have an activation.
        double rounded(double value) {
            return rounds() ? RoundedNumbers.bfloat16((float) value) : value;
        }

        int positions() {
            return start + tokens;
        }

        int rowWidth() {
            return heads.latent() + heads.rope();
        }

        int keyWidth() {
            return heads.nope() + heads.rope();
        }

        int expandedWidth() {
            return heads.nope() + heads.valueWidth();
        }

        /// Magnitude of keys; that of queries and values is its inverse.
        float keySize() {
            return weights == WeightType.F16 ? 1 : FAR;
        }
    }

    static List<Case> cases() {
        Activations exact = Activations.FLOAT32;
        Activations rounded = Activations.BFLOAT16;
        KvCacheType f32 = KvCacheType.FLOAT32;
        KvCacheType bf16 = KvCacheType.BFLOAT16;
        Mask causal = new Mask.Causal();
        return List.of(
                new Case(exact, f32, WeightType.BF16, causal, shape(3, 24, 14, 11, 17), 2, 70, 0, 67, 67),
                new Case(exact, bf16, WeightType.F16, causal, shape(2, 40, 128, 64, 128), 1, 64, 70, 66, 140),
                new Case(exact, f32, WeightType.F8, causal, shape(5, 48, 20, 12, 10), 2, 50, 45, 40, 85),
                new Case(
                        exact,
                        bf16,
                        WeightType.BF16,
                        new Mask.SlidingWindow(50),
                        shape(2, 24, 10, 6, 8),
                        2,
                        64,
                        10,
                        100,
                        110),
                new Case(
                        exact,
                        f32,
                        WeightType.F16,
                        new Mask.SlidingWindow(9),
                        shape(1, 16, 33, 1, 1),
                        1,
                        33,
                        150,
                        70,
                        79),
                new Case(
                        exact, bf16, WeightType.F8, new Mask.Chunked(50), shape(3, 32, 16, 8, 24), 1, 128, 130, 67, 97),
                new Case(rounded, f32, WeightType.BF16, causal, shape(3, 24, 14, 11, 17), 2, 70, 0, 67, 67),
                new Case(rounded, bf16, WeightType.F16, causal, shape(2, 40, 128, 64, 128), 1, 64, 70, 66, 140),
                new Case(
                        rounded,
                        bf16,
                        WeightType.BF16,
                        new Mask.SlidingWindow(50),
                        shape(2, 24, 10, 6, 8),
                        2,
                        64,
                        10,
                        100,
                        110));
    }

    private static Expansion.Shape shape(int heads, int latent, int nope, int rope, int valueWidth) {
        return new Expansion.Shape(heads, latent, nope, rope, valueWidth);
    }

    @ParameterizedTest
    @MethodSource("cases")
    void attends(Case shape) {
        float[] queries = numbers(shape.tokens * shape.heads.heads() * shape.keyWidth(), 3 / shape.keySize());
        float[] rows = cached(shape);
        StoredWeights weights = weights(shape);

        float[] results = device.call(16L << 20, run -> attend(run, shape, queries, rows, weights));

        double[][] expanded = expanded(shape, rows, weights);
        int valueWidth = shape.heads.valueWidth();
        for (int t = 0; t < shape.tokens; t++) {
            for (int h = 0; h < shape.heads.heads(); h++) {
                BlockAttention expected = expected(shape, queries, rows, expanded, t, h);
                for (int i = 0; i < valueWidth; i++) {
                    float found = results[(t * shape.heads.heads() + h) * valueWidth + i];
                    assertThat(Math.abs(found - expected.result(i)) * shape.keySize())
                            .as("token %d, head %d, number %d", t, h, i)
                            .isLessThanOrEqualTo(TOLERANCE + expected.slack() * shape.keySize());
                }
            }
        }
    }

    @Test
    void takesFewerHeadsAtATimeInALongContext() {
        Expansion.Shape ofDeepSeek = shape(128, 512, 128, 64, 128);

        assertThat(takenFor(ofDeepSeek, 2048)).isEqualTo(new Taken(16, 2048, 79_699_968));
        assertThat(takenFor(ofDeepSeek, 32_768)).isEqualTo(new Taken(6, 2048, 268_484_608));
        assertThat(takenFor(ofDeepSeek, 163_840)).isEqualTo(new Taken(1, 2048, 216_047_616));
    }

    private record Taken(int heads, int positions, long bytes) {}

    private static Taken takenFor(Expansion.Shape shape, int maxContext) {
        long[] sum = new long[1];
        Expansion room = Expansion.of(shape, maxContext, 2048, bytes -> {
            sum[0] += bytes;
            return 0;
        });
        return new Taken(room.heads(), room.positions(), sum[0]);
    }

    // ----------------------------------------------------------------------------------------------------- expectation

    /// `[positions][heads · (nope + value)]`.
    private static double[][] expanded(Case shape, float[] rows, StoredWeights weights) {
        double[][] all = new double[shape.positions()][weights.rows()];
        for (int p = 0; p < shape.positions(); p++) {
            for (int r = 0; r < weights.rows(); r++) {
                for (int c = 0; c < shape.heads.latent(); c++) {
                    all[p][r] += weights.row(r)[c] * rows[p * shape.rowWidth() + c];
                }
            }
        }
        return all;
    }

    private static BlockAttention expected(
            Case shape, float[] queries, float[] rows, double[][] expanded, int token, int head) {
        Expansion.Shape heads = shape.heads;
        int position = shape.start + token;
        int first = first(shape, position);
        int base = first(shape, shape.start);
        int query = (token * heads.heads() + head) * shape.keyWidth();
        int own = head * shape.expandedWidth();
        BlockAttention expected = new BlockAttention(heads.valueWidth(), shape.rounds());
        for (int block = base; block <= position; block += LatentLauncher.KEYS) {
            int from = Math.max(first, block);
            int count = Math.max(0, Math.min(position + 1, block + LatentLauncher.KEYS) - from);
            double[] scores = new double[count];
            double[][] values = new double[count][heads.valueWidth()];
            for (int p = 0; p < count; p++) {
                for (int i = 0; i < shape.keyWidth(); i++) {
                    double key = i < heads.nope()
                            ? expanded[from + p][own + i]
                            : rows[(from + p) * shape.rowWidth() + heads.latent() + i - heads.nope()];
                    scores[p] += SCALE * shape.rounded(queries[query + i]) * shape.rounded(key);
                }
                for (int i = 0; i < heads.valueWidth(); i++) {
                    values[p][i] = shape.rounded(expanded[from + p][own + heads.nope() + i]);
                }
            }
            expected.add(scores, values);
        }
        return expected;
    }

    /// The first position that the query at a position sees.
    private static int first(Case shape, int position) {
        return position + 1 - (int) shape.mask.visible(position);
    }

    // ----------------------------------------------------------------------------------------------------------- input

    private float[] numbers(int count, double most) {
        float[] all = new float[count];
        for (int i = 0; i < count; i++) {
            all[i] = (float) ((2 * random.nextDouble() - 1) * most);
        }
        return all;
    }

    /// Rows of the cache; some tiles of them are far smaller than others.
    private float[] cached(Case shape) {
        float[] all = numbers(shape.positions() * shape.rowWidth(), 1);
        for (int i = 0; i < all.length; i++) {
            if (shape.rounds()) {
                all[i] = coarse(all[i], 1);
            }
            if (i % shape.rowWidth() >= shape.heads.latent()) {
                all[i] *= shape.keySize();
            }
            if (i / shape.rowWidth() / 40 % 2 == 1) {
                all[i] /= 16;
            }
            if (shape.cache == KvCacheType.BFLOAT16) {
                all[i] = Float.intBitsToFloat(Float.floatToRawIntBits(all[i]) & 0xffff0000);
            }
        }
        return all;
    }

    /// A number near it that is a multiple of an eighth of a power of two. Sums of products of such are exact in
    /// float32, so that it is certain how they are rounded.
    private static float coarse(double value, double size) {
        double step = Math.scalb(1.0, Math.getExponent(size) - 3);
        return (float) (Math.rint(value / step) * step);
    }

    /// An expansion `[heads · (nope + value)][latent]`.
    private StoredWeights weights(Case shape) {
        int rows = shape.heads.heads() * shape.expandedWidth();
        int columns = shape.heads.latent();
        int blocks = Math.ceilDiv(columns, SCALE_COLUMNS);
        float[] scales = new float[rows * blocks];
        StoredWeights weights = new StoredWeights(shape.weights, rows, columns, SCALE_COLUMNS, scales);
        for (int r = 0; r < rows; r++) {
            boolean isKey = r % shape.expandedWidth() < shape.heads.nope();
            double size = (isKey ? shape.keySize() : 1 / shape.keySize()) / Math.sqrt(columns);
            for (int b = 0; b < blocks; b++) {
                scales[r * blocks + b] = (float) (size * (1 + random.nextDouble()));
            }
            for (int c = 0; c < columns; c++) {
                weights.set(r, c, shape.weights == WeightType.F8 ? belowTwo() : weight(shape, size));
            }
        }
        return weights;
    }

    private float weight(Case shape, double size) {
        float value = (float) (random.nextGaussian() * size);
        return shape.rounds() ? coarse(value, size) : value;
    }

    /// A number that E4M3 has.
    private float belowTwo() {
        float magnitude = Math.scalb(8f + random.nextInt(8), -6 + random.nextInt(4));
        return random.nextBoolean() ? magnitude : -magnitude;
    }

    // -------------------------------------------------------------------------------------------------------- launches

    private static float[] attend(
            FakeDevice.Run run, Case shape, float[] queries, float[] rows, StoredWeights weights) {
        Expansion.Shape heads = shape.heads;
        int results = shape.tokens * heads.heads() * heads.valueWidth();
        long from = run.write(queries);
        long to = run.takeFloats(results);
        long pass = run.write(shape.tokens, shape.start);
        long cache = run.writeRing(shape.cache, shape.capacity, shape.rowWidth(), rows, 0, shape.positions());
        DeviceMatrix expansion = weights.write(run);
        TileLauncher tiles = new TileLauncher(
                run.device(),
                run.kernels(),
                run.stream(),
                shape.activations,
                Optional.empty(),
                new TileLauncher.Places(
                        run.takeFloats((long) shape.batch * heads.latent()), run.takeFloats(shape.batch), 0, 0));
        LatentLauncher latents = new LatentLauncher(
                run.device(),
                run.kernels(),
                run.stream(),
                shape.cache,
                shape.activations,
                Expansion.of(heads, shape.together, shape.positions(), shape.batch, run.memory()::take),
                (w, x, stride, y, yStride, count) -> tiles.multiply(
                        w, 0, new TileLauncher.Input.Rows(new Making.Nothing(), x, stride), 0, y, yStride, count));
        Stage.AttendLatents stage = stage(shape, expansion);
        assertThat(latents.canAttend(stage, shape.tokens)).isTrue();
        latents.attend(
                stage,
                new LatentLauncher.Operands(
                        from,
                        heads.heads() * shape.keyWidth(),
                        to,
                        heads.heads() * heads.valueWidth(),
                        cache,
                        shape.capacity,
                        pass),
                shape.start,
                shape.tokens);
        return run.read(to, results);
    }

    private static Stage.AttendLatents stage(Case shape, DeviceMatrix expansion) {
        Expansion.Shape heads = shape.heads;
        View queries = View.of(Buffer.QUERY);
        View absorbed = View.of(Buffer.ABSORBED);
        View latents = View.of(Buffer.LATENT_CONTEXT);
        return new Stage.AttendLatents(
                new Stage.Absorb(
                        expansion, heads.heads(), heads.nope(), heads.rope(), heads.valueWidth(), queries, absorbed),
                new Stage.Attend(
                        0, heads.heads(), 1, shape.rowWidth(), heads.latent(), shape.mask, SCALE, absorbed, latents),
                new Stage.Expand(
                        expansion, heads.heads(), heads.nope(), heads.valueWidth(), latents, View.of(Buffer.CONTEXT)));
    }
}
