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
    /// Of results that are weighted means of values of magnitude 1, by scores that are no larger.
    private static final double TOLERANCE = 2e-6;
    /// The same by scores of 10 to 40; without the third part of queries they would be off by 3e-5.
    private static final double TOLERANCE_OF_SHARP = 1e-5;

    private static Device device;
    private static KernelImage kernels;

    private final Random random = new Random(23);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
        kernels = KernelImage.load(device, Images.CUBIN);
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

        float[] results = device.call(() -> attend(shape, x, keys, values));

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

    private static float[] attend(Shape shape, float[] x, float[] keys, float[] values) {
        try (Arena arena = Arena.ofConfined();
                DeviceMemory memory = new DeviceMemory(device, 16L << 20);
                Stream stream = new Stream(device)) {
            int heads = shape.group * shape.kvHeads;
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
            AttendOneLauncher launcher = new AttendOneLauncher(device, kernels, stream, shape.cache);
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
