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

/// Kernels over FP8 E4M3 weights where they lie, with one scale for a block of columns of a row.
///
/// Exponent and fraction of an E4M3, moved to where a float32 has them, are 2¹²⁰ times too small, subnormals too: one
/// exact multiplication makes the number. Only the code of NaN would come out as 480; the largest magnitude of a row
/// tells whether there is one, and then the sum is NaN.
public final class Float8Weights {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    /// Weights in a lane, and so [Phases] of the operand.
    public static final int PHASES = 4;

    private static final float REBIAS = 0x1p120f;
    private static final int SIGN_AND_MAGNITUDE = 0x87f00000;
    private static final int MAGNITUDE = 0x07f00000;
    private static final int NAN = 0x07f00000;

    /// What the 256 codes mean.
    private static final float[] DECODED = new float[256];

    static {
        for (int code = 0; code < DECODED.length; code++) {
            int magnitude = (code & 0x7f) << 20;
            DECODED[code] =
                    magnitude == NAN ? Float.NaN : Float.intBitsToFloat(((code & 0x80) << 24) | magnitude) * REBIAS;
        }
    }

    private Float8Weights() {}

    /// Whether blocks of `blockColumns` are whole numbers of vectors, as [#multiply] needs it.
    public static boolean blocksAreWhole(int blockColumns) {
        return blockColumns % (PHASES * LENGTH) == 0;
    }

    /// y\[yOffset + r\] = Σ s\[r / blockRows\]\[k / blockColumns\]·W\[r\]\[k\]·x\[k\] for rows `from` to `to`. Sums
    /// a block
    /// before it scales it. Reads 1 byte an element.
    ///
    /// @param x in four phases, `[columns]`
    /// @param scales `[⌈rows / blockRows⌉][⌈columns / blockColumns⌉]`, row-major
    /// @param blockColumns such that [#blocksAreWhole]
    public static void multiply(
            MemorySegment w,
            long offset,
            long rowBytes,
            int from,
            int to,
            int columns,
            float[] scales,
            int blockRows,
            int blockColumns,
            float[] x,
            float[] y,
            int yOffset,
            float[] lanes) {
        int bound = Phases.bound(columns, PHASES);
        int size = bound / PHASES;
        int blockInts = blockColumns / PHASES;
        int blocksPerRow = Math.ceilDiv(columns, blockColumns);
        int half = Math.ceilDiv(to - from, 2);
        for (int r = from; r < from + half; r++) {
            // Of an odd number of rows, the last is computed twice.
            int second = Math.min(r + half, to - 1);
            long a = offset + r * rowBytes;
            long b = offset + second * rowBytes;
            int scaleA = r / blockRows * blocksPerRow;
            int scaleB = second / blockRows * blocksPerRow;
            FloatVector sumA = FloatVector.zero(FLOATS);
            FloatVector sumB = FloatVector.zero(FLOATS);
            IntVector largestA = IntVector.zero(INTS);
            IntVector largestB = IntVector.zero(INTS);
            for (int start = 0; start < size; start += blockInts) {
                int end = Math.min(size, start + blockInts);
                FloatVector partA = FloatVector.zero(FLOATS);
                FloatVector partB = FloatVector.zero(FLOATS);
                for (int i = start; i < end; i += LENGTH) {
                    long at = (long) i * Integer.BYTES;
                    IntVector wa = IntVector.fromMemorySegment(INTS, w, a + at, ORDER);
                    IntVector wb = IntVector.fromMemorySegment(INTS, w, b + at, ORDER);
                    FloatVector x0 = FloatVector.fromArray(FLOATS, x, i);
                    FloatVector x1 = FloatVector.fromArray(FLOATS, x, size + i);
                    FloatVector x2 = FloatVector.fromArray(FLOATS, x, 2 * size + i);
                    FloatVector x3 = FloatVector.fromArray(FLOATS, x, 3 * size + i);
                    IntVector a0 = wa.lanewise(VectorOperators.LSHL, 24)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(SIGN_AND_MAGNITUDE);
                    IntVector a1 = wa.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(SIGN_AND_MAGNITUDE);
                    IntVector a2 = wa.lanewise(VectorOperators.LSHL, 8)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(SIGN_AND_MAGNITUDE);
                    IntVector a3 = wa.lanewise(VectorOperators.ASHR, 4).and(SIGN_AND_MAGNITUDE);
                    IntVector b0 = wb.lanewise(VectorOperators.LSHL, 24)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(SIGN_AND_MAGNITUDE);
                    IntVector b1 = wb.lanewise(VectorOperators.LSHL, 16)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(SIGN_AND_MAGNITUDE);
                    IntVector b2 = wb.lanewise(VectorOperators.LSHL, 8)
                            .lanewise(VectorOperators.ASHR, 4)
                            .and(SIGN_AND_MAGNITUDE);
                    IntVector b3 = wb.lanewise(VectorOperators.ASHR, 4).and(SIGN_AND_MAGNITUDE);
                    largestA = largestA.max(a0.and(MAGNITUDE))
                            .max(a1.and(MAGNITUDE))
                            .max(a2.and(MAGNITUDE))
                            .max(a3.and(MAGNITUDE));
                    largestB = largestB.max(b0.and(MAGNITUDE))
                            .max(b1.and(MAGNITUDE))
                            .max(b2.and(MAGNITUDE))
                            .max(b3.and(MAGNITUDE));
                    partA = a0.reinterpretAsFloats().mul(REBIAS).fma(x0, partA);
                    partB = b0.reinterpretAsFloats().mul(REBIAS).fma(x0, partB);
                    partA = a1.reinterpretAsFloats().mul(REBIAS).fma(x1, partA);
                    partB = b1.reinterpretAsFloats().mul(REBIAS).fma(x1, partB);
                    partA = a2.reinterpretAsFloats().mul(REBIAS).fma(x2, partA);
                    partB = b2.reinterpretAsFloats().mul(REBIAS).fma(x2, partB);
                    partA = a3.reinterpretAsFloats().mul(REBIAS).fma(x3, partA);
                    partB = b3.reinterpretAsFloats().mul(REBIAS).fma(x3, partB);
                }
                int block = start / blockInts;
                sumA = partA.fma(FloatVector.broadcast(FLOATS, scales[scaleA + block]), sumA);
                sumB = partB.fma(FloatVector.broadcast(FLOATS, scales[scaleB + block]), sumB);
            }
            sumA.intoArray(lanes, 0);
            sumB.intoArray(lanes, LENGTH);
            y[yOffset + r] = (largestA.reduceLanes(VectorOperators.MAX) == NAN ? Float.NaN : 0)
                    + Lanes.sum(lanes, 0)
                    + tail(w, a, bound, columns, scales, scaleA, blockColumns, x);
            y[yOffset + second] = (largestB.reduceLanes(VectorOperators.MAX) == NAN ? Float.NaN : 0)
                    + Lanes.sum(lanes, LENGTH)
                    + tail(w, b, bound, columns, scales, scaleB, blockColumns, x);
        }
    }

    private static float tail(
            MemorySegment w, long row, int bound, int columns, float[] scales, int scale, int blockColumns, float[] x) {
        float sum = 0;
        for (int k = bound; k < columns; k++) {
            sum = Math.fma(at(w, row, k) * scales[scale + k / blockColumns], x[k], sum);
        }
        return sum;
    }

    /// Decodes `count` weights from byte `offset` on, in their own order and without their scales. Exact.
    public static void decode(MemorySegment w, long offset, int count, float[] into, int intoOffset) {
        for (int k = 0; k < count; k++) {
            into[intoOffset + k] = at(w, offset, k);
        }
    }

    private static float at(MemorySegment w, long row, int k) {
        return DECODED[w.get(BYTE, row + k) & 0xff];
    }
}
