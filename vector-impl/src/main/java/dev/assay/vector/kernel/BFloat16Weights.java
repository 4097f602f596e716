package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.INTS;
import static dev.assay.vector.kernel.Lanes.LENGTH;
import static dev.assay.vector.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// Kernels over bfloat16 weights where they lie. A bfloat16 is the upper half of a float32, so a shift or a mask
/// makes one of either half of a lane.
public final class BFloat16Weights {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

    /// Weights in a lane, and so [Phases] of the operand.
    public static final int PHASES = 2;

    private static final int UPPER = 0xffff0000;

    private BFloat16Weights() {}

    /// As [Float32Weights#multiply], with `x` in two phases. Reads 2 bytes an element.
    public static void multiply(
            MemorySegment w,
            long offset,
            long rowBytes,
            int from,
            int to,
            int columns,
            float[] x,
            float[] y,
            int yOffset,
            float[] lanes) {
        int bound = Phases.bound(columns, PHASES);
        int size = bound / PHASES;
        int quarter = Math.ceilDiv(to - from, 4);
        for (int r = from; r < from + quarter; r++) {
            // Where four do not divide the rows, the last quarters meet their end and compute its row again.
            int second = Math.min(r + quarter, to - 1);
            int third = Math.min(r + 2 * quarter, to - 1);
            int fourth = Math.min(r + 3 * quarter, to - 1);
            long a = offset + r * rowBytes;
            long b = offset + second * rowBytes;
            long c = offset + third * rowBytes;
            long d = offset + fourth * rowBytes;
            FloatVector sumA = FloatVector.zero(FLOATS);
            FloatVector sumB = FloatVector.zero(FLOATS);
            FloatVector sumC = FloatVector.zero(FLOATS);
            FloatVector sumD = FloatVector.zero(FLOATS);
            for (int i = 0; i < size; i += LENGTH) {
                FloatVector even = FloatVector.fromArray(FLOATS, x, i);
                FloatVector odd = FloatVector.fromArray(FLOATS, x, size + i);
                long at = (long) i * Integer.BYTES;
                IntVector wa = IntVector.fromMemorySegment(INTS, w, a + at, ORDER);
                IntVector wb = IntVector.fromMemorySegment(INTS, w, b + at, ORDER);
                IntVector wc = IntVector.fromMemorySegment(INTS, w, c + at, ORDER);
                IntVector wd = IntVector.fromMemorySegment(INTS, w, d + at, ORDER);
                sumA = wa.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(even, sumA);
                sumB = wb.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(even, sumB);
                sumC = wc.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(even, sumC);
                sumD = wd.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(even, sumD);
                sumA = wa.and(UPPER).reinterpretAsFloats().fma(odd, sumA);
                sumB = wb.and(UPPER).reinterpretAsFloats().fma(odd, sumB);
                sumC = wc.and(UPPER).reinterpretAsFloats().fma(odd, sumC);
                sumD = wd.and(UPPER).reinterpretAsFloats().fma(odd, sumD);
            }
            sumA.intoArray(lanes, 0);
            sumB.intoArray(lanes, LENGTH);
            sumC.intoArray(lanes, 2 * LENGTH);
            sumD.intoArray(lanes, 3 * LENGTH);
            y[yOffset + r] = Lanes.sum(lanes, 0) + tail(w, a, bound, columns, x);
            y[yOffset + second] = Lanes.sum(lanes, LENGTH) + tail(w, b, bound, columns, x);
            y[yOffset + third] = Lanes.sum(lanes, 2 * LENGTH) + tail(w, c, bound, columns, x);
            y[yOffset + fourth] = Lanes.sum(lanes, 3 * LENGTH) + tail(w, d, bound, columns, x);
        }
    }

    private static float tail(MemorySegment w, long row, int bound, int columns, float[] x) {
        float sum = 0;
        for (int k = bound; k < columns; k++) {
            sum = Math.fma(at(w, row, k), x[k], sum);
        }
        return sum;
    }

    /// As [Float32Weights#combine], with `y` in two phases.
    public static void combine(
            MemorySegment w,
            long offset,
            long rowBytes,
            int from,
            int to,
            int columns,
            float[] x,
            int xOffset,
            float[] y) {
        int bound = Phases.bound(columns, PHASES);
        int size = bound / PHASES;
        int r = from;
        for (; r + 4 <= to; r += 4) {
            long a = offset + r * rowBytes;
            long b = a + rowBytes;
            long c = b + rowBytes;
            long d = c + rowBytes;
            float xa = x[xOffset + r];
            float xb = x[xOffset + r + 1];
            float xc = x[xOffset + r + 2];
            float xd = x[xOffset + r + 3];
            for (int i = 0; i < size; i += LENGTH) {
                long at = (long) i * Integer.BYTES;
                IntVector wa = IntVector.fromMemorySegment(INTS, w, a + at, ORDER);
                IntVector wb = IntVector.fromMemorySegment(INTS, w, b + at, ORDER);
                IntVector wc = IntVector.fromMemorySegment(INTS, w, c + at, ORDER);
                IntVector wd = IntVector.fromMemorySegment(INTS, w, d + at, ORDER);
                FloatVector even = FloatVector.fromArray(FLOATS, y, i);
                FloatVector odd = FloatVector.fromArray(FLOATS, y, size + i);
                even = wa.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(FLOATS, xa), even);
                odd = wa.and(UPPER).reinterpretAsFloats().fma(FloatVector.broadcast(FLOATS, xa), odd);
                even = wb.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(FLOATS, xb), even);
                odd = wb.and(UPPER).reinterpretAsFloats().fma(FloatVector.broadcast(FLOATS, xb), odd);
                even = wc.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(FLOATS, xc), even);
                odd = wc.and(UPPER).reinterpretAsFloats().fma(FloatVector.broadcast(FLOATS, xc), odd);
                even = wd.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(FLOATS, xd), even);
                odd = wd.and(UPPER).reinterpretAsFloats().fma(FloatVector.broadcast(FLOATS, xd), odd);
                even.intoArray(y, i);
                odd.intoArray(y, size + i);
            }
            for (int k = bound; k < columns; k++) {
                float sum = Math.fma(at(w, a, k), xa, y[k]);
                sum = Math.fma(at(w, b, k), xb, sum);
                sum = Math.fma(at(w, c, k), xc, sum);
                y[k] = Math.fma(at(w, d, k), xd, sum);
            }
        }
        for (; r < to; r++) {
            long a = offset + r * rowBytes;
            float xa = x[xOffset + r];
            for (int i = 0; i < size; i += LENGTH) {
                IntVector wa = IntVector.fromMemorySegment(INTS, w, a + (long) i * Integer.BYTES, ORDER);
                wa.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(FLOATS, xa), FloatVector.fromArray(FLOATS, y, i))
                        .intoArray(y, i);
                wa.and(UPPER)
                        .reinterpretAsFloats()
                        .fma(FloatVector.broadcast(FLOATS, xa), FloatVector.fromArray(FLOATS, y, size + i))
                        .intoArray(y, size + i);
            }
            for (int k = bound; k < columns; k++) {
                y[k] = Math.fma(at(w, a, k), xa, y[k]);
            }
        }
    }

    /// Decodes `count` weights from byte `offset` on, in their own order. Exact.
    public static void decode(MemorySegment w, long offset, int count, float[] into, int intoOffset) {
        for (int k = 0; k < count; k++) {
            into[intoOffset + k] = at(w, offset, k);
        }
    }

    private static float at(MemorySegment w, long row, int k) {
        return Float.intBitsToFloat(w.get(SHORT, row + (long) k * Short.BYTES) << 16);
    }
}
