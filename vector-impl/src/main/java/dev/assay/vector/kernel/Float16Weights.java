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

/// Kernels over IEEE float16 weights where they lie.
///
/// Exponent and fraction of a float16, moved to where a float32 has them, are 2¹¹² times too small, subnormals too:
/// one exact multiplication makes the number. Only the exponent of infinities and NaN would come out finite; the
/// largest magnitude of a row tells whether there is one, and such a row is computed again, element by element.
public final class Float16Weights {
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ORDER);

    /// Weights in a lane, and so [Phases] of the operand.
    public static final int PHASES = 2;

    private static final float REBIAS = 0x1p112f;
    private static final int SIGN_AND_MAGNITUDE = 0x8fffe000;
    private static final int MAGNITUDE = 0x0fffe000;
    private static final int INFINITY = 0x0f800000;

    private Float16Weights() {}

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
        int half = Math.ceilDiv(to - from, 2);
        // Two rows at a time: with the constants of the conversion, four rows would not fit the registers.
        for (int r = from; r < from + half; r++) {
            // Of an odd number of rows, the last is computed twice.
            int second = Math.min(r + half, to - 1);
            long a = offset + r * rowBytes;
            long b = offset + second * rowBytes;
            FloatVector sumA = FloatVector.zero(FLOATS);
            FloatVector sumB = FloatVector.zero(FLOATS);
            FloatVector oddA = FloatVector.zero(FLOATS);
            FloatVector oddB = FloatVector.zero(FLOATS);
            IntVector largestA = IntVector.zero(INTS);
            IntVector largestB = IntVector.zero(INTS);
            for (int i = 0; i < size; i += LENGTH) {
                FloatVector even = FloatVector.fromArray(FLOATS, x, i);
                FloatVector odd = FloatVector.fromArray(FLOATS, x, size + i);
                long at = (long) i * Integer.BYTES;
                IntVector wa = IntVector.fromMemorySegment(INTS, w, a + at, ORDER);
                IntVector wb = IntVector.fromMemorySegment(INTS, w, b + at, ORDER);
                IntVector lowA = wa.lanewise(VectorOperators.LSHL, 16)
                        .lanewise(VectorOperators.ASHR, 3)
                        .and(SIGN_AND_MAGNITUDE);
                IntVector lowB = wb.lanewise(VectorOperators.LSHL, 16)
                        .lanewise(VectorOperators.ASHR, 3)
                        .and(SIGN_AND_MAGNITUDE);
                IntVector highA = wa.lanewise(VectorOperators.ASHR, 3).and(SIGN_AND_MAGNITUDE);
                IntVector highB = wb.lanewise(VectorOperators.ASHR, 3).and(SIGN_AND_MAGNITUDE);
                largestA = largestA.max(lowA.and(MAGNITUDE)).max(highA.and(MAGNITUDE));
                largestB = largestB.max(lowB.and(MAGNITUDE)).max(highB.and(MAGNITUDE));
                sumA = lowA.reinterpretAsFloats().mul(REBIAS).fma(even, sumA);
                sumB = lowB.reinterpretAsFloats().mul(REBIAS).fma(even, sumB);
                oddA = highA.reinterpretAsFloats().mul(REBIAS).fma(odd, oddA);
                oddB = highB.reinterpretAsFloats().mul(REBIAS).fma(odd, oddB);
            }
            sumA.add(oddA).intoArray(lanes, 0);
            sumB.add(oddB).intoArray(lanes, LENGTH);
            y[yOffset + r] = largestA.reduceLanes(VectorOperators.MAX) >= INFINITY
                    ? dot(w, a, columns, bound, x)
                    : Lanes.sum(lanes, 0) + tail(w, a, bound, columns, x);
            y[yOffset + second] = largestB.reduceLanes(VectorOperators.MAX) >= INFINITY
                    ? dot(w, b, columns, bound, x)
                    : Lanes.sum(lanes, LENGTH) + tail(w, b, bound, columns, x);
        }
    }

    /// A row, element by element.
    private static float dot(MemorySegment w, long row, int columns, int bound, float[] x) {
        int size = bound / PHASES;
        float sum = 0;
        for (int i = 0; i < size; i++) {
            sum = Math.fma(at(w, row, PHASES * i), x[i], sum);
            sum = Math.fma(at(w, row, PHASES * i + 1), x[size + i], sum);
        }
        return sum + tail(w, row, bound, columns, x);
    }

    private static float tail(MemorySegment w, long row, int bound, int columns, float[] x) {
        float sum = 0;
        for (int k = bound; k < columns; k++) {
            sum = Math.fma(at(w, row, k), x[k], sum);
        }
        return sum;
    }

    /// Decodes `count` weights from byte `offset` on, in their own order. Exact.
    public static void decode(MemorySegment w, long offset, int count, float[] into, int intoOffset) {
        for (int k = 0; k < count; k++) {
            into[intoOffset + k] = at(w, offset, k);
        }
    }

    private static float at(MemorySegment w, long row, int k) {
        return Float.float16ToFloat(w.get(SHORT, row + (long) k * Short.BYTES));
    }
}
