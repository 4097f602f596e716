package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.cuda.FakeDriver;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stream;
import dev.assay.plan.Mask;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Attention of one token against double: parts of the positions that are joined in a cluster, and, where one cluster
/// has
/// not all, through device memory; over a cache that wraps around.
class AttendOneTest {
    /// Of results that are weighted means of values of magnitude 1.
    private static final double TOLERANCE = 2e-6;

    private static final double SCALE = 0.3;
    /// `attend_one` has 16 warps for a head, `attend_two` 8 for each of two: a part each.
    private static final int SHARED_BYTES = 16 * (256 + 2) * Float.BYTES;

    private static Device device;
    private static KernelImage kernels;

    private final Random random = new Random(23);

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        FakeDriver.use();
        device = Device.first();
        kernels = KernelImage.load(device);
    }

    /// @param headsOfBlock one or two
    /// @param group heads that share keys
    /// @param lanes that have a key together
    /// @param parts blocks that share the positions
    record Shape(
            int headsOfBlock,
            int group,
            int kvHeads,
            int width,
            int lanes,
            Mask mask,
            int position,
            int capacity,
            int parts) {}

    static java.util.stream.Stream<Shape> shapes() {
        java.util.stream.Stream.Builder<Shape> all = java.util.stream.Stream.builder();
        for (int heads = 1; heads <= 2; heads++) {
            all.add(new Shape(heads, 2, 2, 64, 8, new Mask.Causal(), 150, 151, 8));
            all.add(new Shape(heads, 3, 1, 24, 4, new Mask.SlidingWindow(90), 200, 100, 16));
            all.add(new Shape(heads, 1, 2, 128, 16, new Mask.Chunked(256), 300, 400, 8));
            // More than a cluster may have: 4 rounds of 8 blocks with 48 keys or 40 in flight.
            all.add(new Shape(heads, 2, 1, 256, 32, new Mask.Causal(), 1600, 1601, 8));
            all.add(new Shape(heads, 3, 1, 200, 32, new Mask.SlidingWindow(1560), 1700, 1561, 24));
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
            long[] mask = Launcher.mask(shape.mask);
            stream.launch(kernels.launch(
                    "attention",
                    (shape.headsOfBlock == 1 ? "attend_one" : "attend_two") + "_f32",
                    Math.ceilDiv(shape.group, shape.headsOfBlock),
                    shape.parts,
                    shape.kvHeads,
                    shape.headsOfBlock == 1 ? 512 : 256,
                    SHARED_BYTES,
                    to,
                    from,
                    shape.group,
                    shape.kvHeads,
                    shape.width,
                    shape.lanes,
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
        MemorySegment ring = arena.allocate(ValueLayout.JAVA_FLOAT, (long) shape.capacity * width);
        ring.fill((byte) 0xff);
        for (int p = Math.max(0, shape.position - shape.capacity + 1); p < shape.position; p++) {
            MemorySegment.copy(
                    rows,
                    p * width,
                    ring,
                    ValueLayout.JAVA_FLOAT,
                    (long) (p % shape.capacity) * width * Float.BYTES,
                    width);
        }
        long address = memory.take(ring.byteSize());
        memory.write(address, ring);
        return address;
    }
}
