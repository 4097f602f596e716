package dev.assay.checkpoint;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.stream.LongStream;

/// The algorithm `assay-synthetic/1`: element i of a tensor as a pure function of seed, tensor name and i.
///
/// All integers are 64 bits wide and wrap.
///
/// ```
/// key     = mix(seed ^ fnv1a64(UTF-8 of the name))
/// bits(i) = mix(key + (i + 1) · 0x9e3779b97f4a7c15)              i: row-major index
/// n       = sum of the four 16-bit fields of bits(i), less 131070
/// value   = mean + (std / C) · n,   C = √(4 · (2³² − 1) / 12)    the standard deviation of n
/// ```
///
/// A tensor that is a copy of another, such as a tied head, takes the other's name. The value is computed in double
/// with one multiplication and one addition, not fused, and rounded to the element type in one step. `mix` is the
/// finaliser of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, OOPSLA 2014), the
/// increment its golden gamma.
final class Synthesis {
    static final String ALGORITHM = "assay-synthetic/1";

    private static final double STD_OF_SUM = Math.sqrt(4.0 * (65536.0 * 65536.0 - 1) / 12);

    private static final long GOLDEN_GAMMA = 0x9e3779b97f4a7c15L;

    /// Elements that are made and copied at a time, small enough to stay in the first-level cache.
    private static final int CHUNK = 4096;

    /// Elements that one thread makes at a time.
    private static final long TASK = 64 * CHUNK;

    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private Synthesis() {}

    /// Makes elements `from` to `to` of a tensor, on all processors.
    ///
    /// @param from the beginning of a block where the tensor is rounded to blocks; and so `to`
    /// @param into receives them from its beginning
    static void fill(long seed, SyntheticTensor tensor, long from, long to, MemorySegment into) {
        long key = key(seed, tensor.valuesOf());
        long tasks = Math.ceilDiv(to - from, TASK);
        LongStream.range(0, tasks).parallel().forEach(task -> {
            long first = from + task * TASK;
            long last = Math.min(to, first + TASK);
            long offset = (first - from) * tensor.info().type().bytes();
            fill(key, tensor, first, last, into, offset);
        });
    }

    private static void fill(long key, SyntheticTensor tensor, long from, long to, MemorySegment into, long offset) {
        double mean = tensor.mean();
        double scale = tensor.std() / STD_OF_SUM;
        ElementType type = tensor.info().type();
        switch (type) {
            case F32 -> {
                float[] chunk = new float[CHUNK];
                for (long i = from; i < to; i += CHUNK) {
                    int count = (int) Math.min(CHUNK, to - i);
                    for (int j = 0; j < count; j++) {
                        chunk[j] = (float) (mean + scale * sum(key, i + j));
                    }
                    switch (tensor.rounding()) {
                        case TO_TYPE -> {}
                        case TO_Q8_0 -> Q8Blocks.round(chunk, count);
                    }
                    MemorySegment.copy(chunk, 0, into, FLOAT, offset + (i - from) * Float.BYTES, count);
                }
            }
            case BF16 -> {
                short[] chunk = new short[CHUNK];
                for (long i = from; i < to; i += CHUNK) {
                    int count = (int) Math.min(CHUNK, to - i);
                    for (int j = 0; j < count; j++) {
                        chunk[j] = Encoding.bfloat16(mean + scale * sum(key, i + j));
                    }
                    MemorySegment.copy(chunk, 0, into, SHORT, offset + (i - from) * Short.BYTES, count);
                }
            }
            case F16 -> {
                short[] chunk = new short[CHUNK];
                for (long i = from; i < to; i += CHUNK) {
                    int count = (int) Math.min(CHUNK, to - i);
                    for (int j = 0; j < count; j++) {
                        chunk[j] = Encoding.float16(mean + scale * sum(key, i + j));
                    }
                    MemorySegment.copy(chunk, 0, into, SHORT, offset + (i - from) * Short.BYTES, count);
                }
            }
            case F8_E4M3 -> {
                byte[] chunk = new byte[CHUNK];
                for (long i = from; i < to; i += CHUNK) {
                    int count = (int) Math.min(CHUNK, to - i);
                    for (int j = 0; j < count; j++) {
                        chunk[j] = Encoding.f8e4m3(mean + scale * sum(key, i + j));
                    }
                    MemorySegment.copy(chunk, 0, into, BYTE, offset + (i - from), count);
                }
            }
            case F64, I64, I32 ->
                throw new IllegalArgumentException(tensor.info().name() + ": cannot be synthesised as " + type);
        }
    }

    /// FNV-1a, 64 bits.
    static long fnv1a64(String name) {
        long hash = 0xcbf29ce484222325L;
        for (byte b : name.getBytes(StandardCharsets.UTF_8)) {
            hash = (hash ^ (b & 0xff)) * 0x100000001b3L;
        }
        return hash;
    }

    static long mix(long z) {
        long first = (z ^ (z >>> 30)) * 0xbf58476d1ce4e5b9L;
        long second = (first ^ (first >>> 27)) * 0x94d049bb133111ebL;
        return second ^ (second >>> 31);
    }

    static long key(long seed, String name) {
        return mix(seed ^ fnv1a64(name));
    }

    static long bits(long key, long index) {
        return mix(key + (index + 1) * GOLDEN_GAMMA);
    }

    /// The sum of four uniform 16-bit numbers, centred: -131070 to 131070.
    private static long sum(long key, long index) {
        long bits = bits(key, index);
        return (bits & 0xffff) + ((bits >>> 16) & 0xffff) + ((bits >>> 32) & 0xffff) + (bits >>> 48) - 131070;
    }
}
