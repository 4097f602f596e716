package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Stream;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention on tensor cores against double, at sizes that end within tiles, over a cache that wraps around.
class FlashLauncherTest {
    /// Of results that are weighted means of values of magnitude 1.
    private static final double TOLERANCE = 2e-6;

    private static Device device;
    private static KernelImage kernels;

    private final Random random = new Random(11);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
        kernels = KernelImage.load(device);
    }

    /// @param start positions before the pass
    record Shape(KvCacheType type, Mask mask, int heads, int kvHeads, int width, int start, int tokens, int capacity) {}

    static List<Shape> shapes() {
        return List.of(
                new Shape(KvCacheType.FLOAT32, new Mask.Causal(), 3, 1, 20, 0, 67, 67),
                new Shape(KvCacheType.FLOAT32, new Mask.SlidingWindow(9), 2, 2, 12, 150, 70, 79),
                new Shape(KvCacheType.FLOAT32, new Mask.Chunked(50), 2, 1, 64, 130, 65, 115),
                new Shape(KvCacheType.FLOAT32, new Mask.Causal(), 1, 1, 132, 30, 20, 64),
                new Shape(KvCacheType.BFLOAT16, new Mask.Causal(), 4, 2, 128, 70, 66, 160),
                new Shape(KvCacheType.BFLOAT16, new Mask.SlidingWindow(40), 2, 1, 72, 100, 80, 120),
                new Shape(KvCacheType.BFLOAT16, new Mask.Causal(), 1, 1, 200, 0, 16, 16),
                new Shape(KvCacheType.BFLOAT16, new Mask.Chunked(64), 1, 1, 24, 60, 70, 134));
    }

    @ParameterizedTest
    @MethodSource("shapes")
    void attends(Shape shape) {
        int positions = shape.start + shape.tokens;
        float[] queries = numbers(shape.tokens * shape.heads * shape.width, 3);
        float[] keys = cached(positions * shape.kvHeads * shape.width, shape.type);
        float[] values = cached(positions * shape.kvHeads * shape.width, shape.type);
        double scale = 0.3;

        float[] results = device.call(() -> attend(shape, queries, keys, values, scale));

        for (int t = 0; t < shape.tokens; t++) {
            int position = shape.start + t;
            int first = position + 1 - (int) shape.mask.visible(position);
            for (int h = 0; h < shape.heads; h++) {
                int query = (t * shape.heads + h) * shape.width;
                double[] expected = expected(shape, queries, query, keys, values, h, first, position, scale);
                for (int i = 0; i < shape.width; i++) {
                    assertThat(Math.abs(results[query + i] - expected[i]))
                            .as("token %d, head %d, number %d", t, h, i)
                            .isLessThanOrEqualTo(TOLERANCE);
                }
            }
        }
    }

    private static double[] expected(
            Shape shape,
            float[] queries,
            int query,
            float[] keys,
            float[] values,
            int head,
            int first,
            int position,
            double scale) {
        double[] scores = new double[position + 1 - first];
        double highest = Double.NEGATIVE_INFINITY;
        for (int p = first; p <= position; p++) {
            int row = row(shape, p, head);
            double dot = 0;
            for (int i = 0; i < shape.width; i++) {
                dot += (double) queries[query + i] * keys[row + i];
            }
            scores[p - first] = dot * scale;
            highest = Math.max(highest, dot * scale);
        }
        double[] result = new double[shape.width];
        double sum = 0;
        for (int p = first; p <= position; p++) {
            double weight = Math.exp(scores[p - first] - highest);
            sum += weight;
            int row = row(shape, p, head);
            for (int i = 0; i < shape.width; i++) {
                result[i] += weight * values[row + i];
            }
        }
        for (int i = 0; i < shape.width; i++) {
            result[i] /= sum;
        }
        return result;
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

    private static float[] attend(Shape shape, float[] queries, float[] keys, float[] values, double scale) {
        try (Arena arena = Arena.ofConfined();
                DeviceMemory memory = new DeviceMemory(device, 16L << 20);
                Stream stream = new Stream(device)) {
            long from = memory.take((long) queries.length * Float.BYTES);
            memory.write(from, arena.allocateFrom(ValueLayout.JAVA_FLOAT, queries));
            long to = memory.take((long) queries.length * Float.BYTES);
            long pass = memory.take(2L * Integer.BYTES);
            memory.write(pass, arena.allocateFrom(ValueLayout.JAVA_INT, shape.tokens, shape.start));
            long keyCache = cache(shape, keys, memory, arena);
            long valueCache = cache(shape, values, memory, arena);
            memory.finishWrites();
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
            FlashLauncher flash = new FlashLauncher(device, kernels, stream, shape.type);
            assertThat(flash.canAttend(attend, shape.tokens)).isTrue();
            int stride = shape.heads * shape.width;
            flash.attend(
                    attend,
                    new FlashLauncher.Operands(from, stride, to, stride, keyCache, valueCache, shape.capacity, pass),
                    shape.tokens);
            MemorySegment results = arena.allocate(ValueLayout.JAVA_FLOAT, queries.length);
            stream.copyOut(results, to);
            stream.synchronize();
            return results.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /// A ring that has been written position after position; what was never written is not a number.
    private static long cache(Shape shape, float[] rows, DeviceMemory memory, Arena arena) {
        int width = shape.kvHeads * shape.width;
        MemorySegment ring = arena.allocate((long) shape.capacity * width * shape.type.bytes());
        ring.fill((byte) 0xff);
        for (int i = 0; i < rows.length; i++) {
            long at = (long) (i / width % shape.capacity) * width + i % width;
            int bits = Float.floatToRawIntBits(rows[i]);
            switch (shape.type) {
                case FLOAT32 -> ring.setAtIndex(ValueLayout.JAVA_INT, at, bits);
                case BFLOAT16 -> ring.setAtIndex(ValueLayout.JAVA_SHORT, at, (short) (bits >>> 16));
            }
        }
        long address = memory.take(ring.byteSize());
        memory.write(address, ring);
        return address;
    }
}
