package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Mask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention of one token against double, with either cache: parts of the positions that are joined in a cluster, in
/// one
/// round of keys or in several, and, where one cluster has not all, through device memory; over a cache that wraps
/// around.
class AttendOneTest {
    /// Of results that are weighted means of values of magnitude 1.
    private static final double TOLERANCE = 2e-6;

    private static final double SCALE = 0.3;
    /// Query heads of a block, and threads.
    private static final int HEADS = 4;

    private static final int THREADS = 192;

    private static Device device;
    private static KernelImage kernels;

    private final Random random = new Random(23);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
        kernels = KernelImage.load(device);
    }

    /// @param group heads that share keys
    /// @param parts blocks that share the positions
    record Shape(
            KvCacheType cache, int group, int kvHeads, int width, Mask mask, int position, int capacity, int parts) {}

    static java.util.stream.Stream<Shape> shapes() {
        java.util.stream.Stream.Builder<Shape> all = java.util.stream.Stream.builder();
        for (KvCacheType type : KvCacheType.values()) {
            all.add(new Shape(type, 2, 2, 64, new Mask.Causal(), 150, 151, 8));
            all.add(new Shape(type, 3, 1, 24, new Mask.SlidingWindow(90), 200, 100, 16));
            all.add(new Shape(type, 1, 2, 128, new Mask.Chunked(256), 300, 400, 8));
            // Two blocks of heads, and several rounds of keys: 96 of a block at a time, or 48.
            all.add(new Shape(type, 6, 1, 72, new Mask.Causal(), 1030, 1031, 8));
            // More than a cluster may have: 4 rounds of 8 blocks.
            int positions = type == KvCacheType.BFLOAT16 ? 3072 : 1536;
            all.add(new Shape(type, 2, 1, 256, new Mask.Causal(), positions + 64, positions + 65, 8));
            all.add(new Shape(
                    type, 3, 1, 200, new Mask.SlidingWindow(positions + 24), positions + 164, positions + 25, 24));
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

        float[] results = device.call(() -> attend(shape, x, keys, values));

        for (int head = 0; head < shape.group * shape.kvHeads; head++) {
            double[] expected = expected(shape, x, keys, values, head);
            for (int i = 0; i < shape.width; i++) {
                assertThat(Math.abs(results[head * shape.width + i] - expected[i]))
                        .as("head %d, number %d", head, i)
                        .isLessThanOrEqualTo(TOLERANCE);
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
            double weight = Math.exp(score * SCALE);
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

    private static float[] attend(Shape shape, float[] x, float[] keys, float[] values) {
        try (Arena arena = Arena.ofConfined();
                DeviceMemory memory = new DeviceMemory(device, 16L << 20);
                Stream stream = new Stream(device)) {
            int heads = shape.group * shape.kvHeads;
            int width = Launcher.attendWidth(shape.width);
            long from = memory.take((long) x.length * Float.BYTES);
            memory.write(from, arena.allocateFrom(ValueLayout.JAVA_FLOAT, x));
            long to = memory.take((long) heads * shape.width * Float.BYTES);
            long pass = memory.take(2L * Integer.BYTES);
            memory.write(pass, arena.allocateFrom(ValueLayout.JAVA_INT, 1, shape.position));
            long partials = memory.take((long) heads * shape.parts * (shape.width + 2) * Float.BYTES);
            long arrived = memory.take((long) heads * Integer.BYTES);
            memory.write(arrived, arena.allocate(ValueLayout.JAVA_INT, heads));
            long keyCache = cache(shape, keys, memory, arena);
            long valueCache = cache(shape, values, memory, arena);
            memory.finishWrites();
            long[] mask = Launcher.mask(shape.mask);
            stream.launch(kernels.launch(
                    "attention",
                    "attend_one_" + (shape.cache == KvCacheType.BFLOAT16 ? "bf16_" : "f32_") + width,
                    Math.ceilDiv(shape.group, HEADS),
                    shape.parts,
                    shape.kvHeads,
                    THREADS,
                    Launcher.attendBytes(width, Math.min(shape.group, HEADS), shape.cache),
                    to,
                    from,
                    shape.group,
                    shape.kvHeads,
                    shape.width,
                    0,
                    0,
                    0,
                    0,
                    0,
                    0,
                    Launch.of(-1f),
                    0,
                    0,
                    0,
                    0,
                    0,
                    keyCache,
                    valueCache,
                    1,
                    shape.capacity,
                    Launch.of((float) SCALE),
                    mask[0],
                    mask[1],
                    partials,
                    arrived,
                    pass));
            MemorySegment results = arena.allocate(ValueLayout.JAVA_FLOAT, (long) heads * shape.width);
            stream.copyOut(results, to);
            stream.synchronize();
            return results.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    /// A ring of the positions before the token's; where none was written, and where the token's will be, is no
    /// number.
    private static long cache(Shape shape, float[] rows, DeviceMemory memory, Arena arena) {
        int width = shape.kvHeads * shape.width;
        int bytes = shape.cache.bytes();
        MemorySegment ring = arena.allocate((long) shape.capacity * width * bytes, Float.BYTES);
        ring.fill((byte) 0xff);
        for (int p = Math.max(0, shape.position - shape.capacity + 1); p < shape.position; p++) {
            for (int i = 0; i < width; i++) {
                long at = (long) (p % shape.capacity) * width + i;
                float number = rows[p * width + i];
                switch (shape.cache) {
                    case FLOAT32 -> ring.setAtIndex(ValueLayout.JAVA_FLOAT, at, number);
                    case BFLOAT16 ->
                        ring.setAtIndex(ValueLayout.JAVA_SHORT, at, (short) (Float.floatToRawIntBits(number) >>> 16));
                }
            }
        }
        long address = memory.take(ring.byteSize());
        memory.write(address, ring);
        return address;
    }
}
