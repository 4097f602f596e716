package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.BYTES;
import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.INTS;
import static dev.assay.vector.kernel.Lanes.LENGTH;
import static dev.assay.vector.kernel.Lanes.ORDER;
import static dev.assay.vector.kernel.Lanes.SHORTS;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;

/// Kernels over FP8 E4M3 weights where they lie, with one scale for a block of columns of a row.
///
/// Exponent and fraction of an E4M3, moved to where a float32 has them, are 2¹²⁰ times too small, subnormals too. The
/// operand is made 2⁶⁰ times larger beforehand and the sum 2⁶⁰ times larger afterwards, which is exact as long as the
/// operand stays below 2⁶⁷ and products that matter above 2⁻⁶⁶. Only the code of NaN would come out as 480; the largest
/// magnitude of a row tells whether there is one, and then the sum is NaN.
public final class Float8Weights {
    private static final ValueLayout.OfByte BYTE = ValueLayout.JAVA_BYTE;

    /// Weights in a lane, and so [Phases] of the operand.
    public static final int PHASES = 4;

    private static final float REBIAS = 0x1p120f;
    private static final float HALF_REBIAS = 0x1p60f;
    /// Sign, and exponent and fraction, of a code that was moved to the upper half of a float32.
    private static final short SIGN_AND_MAGNITUDE = (short) 0x87f0;

    private static final int UPPER = 0xffff0000;
    private static final byte MAGNITUDE = 0x7f;
    private static final byte NAN = 0x7f;

    /// What the 256 codes mean.
    private static final float[] DECODED = new float[256];

    static {
        for (int code = 0; code < DECODED.length; code++) {
            int magnitude = code & MAGNITUDE;
            DECODED[code] = magnitude == NAN
                    ? Float.NaN
                    : Float.intBitsToFloat(((code & 0x80) << 24) | (magnitude << 20)) * REBIAS;
        }
    }

    private Float8Weights() {}

    /// Whether blocks of `blockColumns` are whole numbers of vectors, as [#multiply] needs it.
    public static boolean blocksAreWhole(int blockColumns) {
        return blockColumns % (PHASES * LENGTH) == 0;
    }

    /// Puts an operand of `length` numbers into the order and the size that [#multiply] wants.
    public static void prepare(float[] x, int length, float[] into) {
        Phases.split(x, 0, length, PHASES, into);
        Rows.scale(HALF_REBIAS, into, 0, Phases.bound(length, PHASES));
    }

    /// y\[yOffset + r\] = Σ s\[r / blockRows\]\[k / blockColumns\]·W\[r\]\[k\]·x\[k\] for rows `from` to `to`. Sums
    /// the products of a vector of codes before it scales them. Reads 1 byte an element.
    ///
    /// @param x from [#prepare], `[columns]`
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
        // To be added to: a product alone stumbles over subnormal numbers on processors where an fma does not.
        FloatVector zero = FloatVector.zero(FLOATS);
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
            int scaleA = r / blockRows * blocksPerRow;
            int scaleB = second / blockRows * blocksPerRow;
            int scaleC = third / blockRows * blocksPerRow;
            int scaleD = fourth / blockRows * blocksPerRow;
            FloatVector sumA = FloatVector.zero(FLOATS);
            FloatVector sumB = FloatVector.zero(FLOATS);
            FloatVector sumC = FloatVector.zero(FLOATS);
            FloatVector sumD = FloatVector.zero(FLOATS);
            ByteVector largestA = ByteVector.zero(BYTES);
            ByteVector largestB = ByteVector.zero(BYTES);
            ByteVector largestC = ByteVector.zero(BYTES);
            ByteVector largestD = ByteVector.zero(BYTES);
            // One loop: with an inner one over the two or so vectors of a block, entering it cost more than its work.
            for (int i = 0; i < size; i += LENGTH) {
                FloatVector x0 = FloatVector.fromArray(FLOATS, x, i);
                FloatVector x1 = FloatVector.fromArray(FLOATS, x, size + i);
                FloatVector x2 = FloatVector.fromArray(FLOATS, x, 2 * size + i);
                FloatVector x3 = FloatVector.fromArray(FLOATS, x, 3 * size + i);
                long at = (long) i * Integer.BYTES;
                int block = i / blockInts;

                ShortVector wa = ShortVector.fromMemorySegment(SHORTS, w, a + at, ORDER);
                largestA = largestA.max(wa.reinterpretAsBytes().and(MAGNITUDE));
                IntVector evenA = wa.lanewise(VectorOperators.LSHL, 8)
                        .lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                IntVector oddA = wa.lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                FloatVector partA = evenA.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x0, zero);
                partA = oddA.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x1, partA);
                partA = evenA.and(UPPER).reinterpretAsFloats().fma(x2, partA);
                partA = oddA.and(UPPER).reinterpretAsFloats().fma(x3, partA);
                sumA = partA.fma(FloatVector.broadcast(FLOATS, scales[scaleA + block]), sumA);

                ShortVector wb = ShortVector.fromMemorySegment(SHORTS, w, b + at, ORDER);
                largestB = largestB.max(wb.reinterpretAsBytes().and(MAGNITUDE));
                IntVector evenB = wb.lanewise(VectorOperators.LSHL, 8)
                        .lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                IntVector oddB = wb.lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                FloatVector partB = evenB.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x0, zero);
                partB = oddB.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x1, partB);
                partB = evenB.and(UPPER).reinterpretAsFloats().fma(x2, partB);
                partB = oddB.and(UPPER).reinterpretAsFloats().fma(x3, partB);
                sumB = partB.fma(FloatVector.broadcast(FLOATS, scales[scaleB + block]), sumB);

                ShortVector wc = ShortVector.fromMemorySegment(SHORTS, w, c + at, ORDER);
                largestC = largestC.max(wc.reinterpretAsBytes().and(MAGNITUDE));
                IntVector evenC = wc.lanewise(VectorOperators.LSHL, 8)
                        .lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                IntVector oddC = wc.lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                FloatVector partC = evenC.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x0, zero);
                partC = oddC.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x1, partC);
                partC = evenC.and(UPPER).reinterpretAsFloats().fma(x2, partC);
                partC = oddC.and(UPPER).reinterpretAsFloats().fma(x3, partC);
                sumC = partC.fma(FloatVector.broadcast(FLOATS, scales[scaleC + block]), sumC);

                ShortVector wd = ShortVector.fromMemorySegment(SHORTS, w, d + at, ORDER);
                largestD = largestD.max(wd.reinterpretAsBytes().and(MAGNITUDE));
                IntVector evenD = wd.lanewise(VectorOperators.LSHL, 8)
                        .lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                IntVector oddD = wd.lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                FloatVector partD = evenD.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x0, zero);
                partD = oddD.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(x1, partD);
                partD = evenD.and(UPPER).reinterpretAsFloats().fma(x2, partD);
                partD = oddD.and(UPPER).reinterpretAsFloats().fma(x3, partD);
                sumD = partD.fma(FloatVector.broadcast(FLOATS, scales[scaleD + block]), sumD);
            }
            sumA.intoArray(lanes, 0);
            sumB.intoArray(lanes, LENGTH);
            sumC.intoArray(lanes, 2 * LENGTH);
            sumD.intoArray(lanes, 3 * LENGTH);
            y[yOffset + r] = (largestA.reduceLanes(VectorOperators.MAX) == NAN ? Float.NaN : 0)
                    + Lanes.sum(lanes, 0) * HALF_REBIAS
                    + tail(w, a, bound, columns, scales, scaleA, blockColumns, x);
            y[yOffset + second] = (largestB.reduceLanes(VectorOperators.MAX) == NAN ? Float.NaN : 0)
                    + Lanes.sum(lanes, LENGTH) * HALF_REBIAS
                    + tail(w, b, bound, columns, scales, scaleB, blockColumns, x);
            y[yOffset + third] = (largestC.reduceLanes(VectorOperators.MAX) == NAN ? Float.NaN : 0)
                    + Lanes.sum(lanes, 2 * LENGTH) * HALF_REBIAS
                    + tail(w, c, bound, columns, scales, scaleC, blockColumns, x);
            y[yOffset + fourth] = (largestD.reduceLanes(VectorOperators.MAX) == NAN ? Float.NaN : 0)
                    + Lanes.sum(lanes, 3 * LENGTH) * HALF_REBIAS
                    + tail(w, d, bound, columns, scales, scaleD, blockColumns, x);
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

    /// y\[c\] += Σ x\[xOffset + r − from\]·s\[r / blockRows\]\[c / blockColumns\]·W\[r\]\[c\] for rows `from` to
    /// `to` and columns from 0 on, with `y` in four phases and 2⁶⁰ times too small.
    ///
    /// @param columns whole groups of four vectors
    /// @param blockColumns such that [#blocksAreWhole]
    /// @return whether no weight was NaN; else `y` is void
    public static boolean combine(
            MemorySegment w,
            long rowBytes,
            int from,
            int to,
            int columns,
            float[] scales,
            int blockRows,
            int blockColumns,
            float[] x,
            int xOffset,
            float[] y) {
        int size = columns / PHASES;
        int blockInts = blockColumns / PHASES;
        int blocksPerRow = (int) Math.ceilDiv(rowBytes, blockColumns);
        ByteVector largest = ByteVector.zero(BYTES);
        for (int r = from; r < to; r += 2) {
            // Of an odd number of rows, the last comes twice, the second time with the factor 0.
            int second = Math.min(r + 1, to - 1);
            float xa = x[xOffset + r - from] * HALF_REBIAS;
            float xb = r + 1 < to ? x[xOffset + second - from] * HALF_REBIAS : 0;
            long a = r * rowBytes;
            long b = second * rowBytes;
            int scaleA = r / blockRows * blocksPerRow;
            int scaleB = second / blockRows * blocksPerRow;
            for (int i = 0; i < size; i += LENGTH) {
                long at = (long) i * Integer.BYTES;
                int block = i / blockInts;
                FloatVector factorA = FloatVector.broadcast(FLOATS, xa * scales[scaleA + block]);
                FloatVector factorB = FloatVector.broadcast(FLOATS, xb * scales[scaleB + block]);
                ShortVector wa = ShortVector.fromMemorySegment(SHORTS, w, a + at, ORDER);
                ShortVector wb = ShortVector.fromMemorySegment(SHORTS, w, b + at, ORDER);
                largest = largest.max(wa.reinterpretAsBytes().and(MAGNITUDE))
                        .max(wb.reinterpretAsBytes().and(MAGNITUDE));
                IntVector evenA = wa.lanewise(VectorOperators.LSHL, 8)
                        .lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                IntVector evenB = wb.lanewise(VectorOperators.LSHL, 8)
                        .lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                IntVector oddA = wa.lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                IntVector oddB = wb.lanewise(VectorOperators.ASHR, 4)
                        .and(SIGN_AND_MAGNITUDE)
                        .reinterpretAsInts();
                FloatVector y0 = evenA.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(factorA, FloatVector.fromArray(FLOATS, y, i));
                FloatVector y1 = oddA.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(factorA, FloatVector.fromArray(FLOATS, y, size + i));
                FloatVector y2 = evenA.and(UPPER)
                        .reinterpretAsFloats()
                        .fma(factorA, FloatVector.fromArray(FLOATS, y, 2 * size + i));
                FloatVector y3 = oddA.and(UPPER)
                        .reinterpretAsFloats()
                        .fma(factorA, FloatVector.fromArray(FLOATS, y, 3 * size + i));
                y0 = evenB.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(factorB, y0);
                y1 = oddB.lanewise(VectorOperators.LSHL, 16)
                        .reinterpretAsFloats()
                        .fma(factorB, y1);
                y2 = evenB.and(UPPER).reinterpretAsFloats().fma(factorB, y2);
                y3 = oddB.and(UPPER).reinterpretAsFloats().fma(factorB, y3);
                y0.intoArray(y, i);
                y1.intoArray(y, size + i);
                y2.intoArray(y, 2 * size + i);
                y3.intoArray(y, 3 * size + i);
            }
        }
        return largest.reduceLanes(VectorOperators.MAX) != NAN;
    }

    /// Puts sums of [#combine] back in order and to their size.
    public static void finish(float[] sums, int columns, float[] y, int yOffset) {
        Phases.join(sums, columns, PHASES, y, yOffset);
        Rows.scale(HALF_REBIAS, y, yOffset, columns);
    }

    /// Decodes `count` weights from byte `offset` on, in their own order, each times `scale`. Exact but for the
    /// scale.
    public static void decode(MemorySegment w, long offset, int count, float scale, float[] into, int intoOffset) {
        int k = 0;
        if (count >= PHASES * LENGTH) {
            FloatVector minusZero = FloatVector.broadcast(FLOATS, -0f);
            ByteVector largest = ByteVector.zero(BYTES);
            for (; k <= count - PHASES * LENGTH; k += PHASES * LENGTH) {
                ByteVector codes = ByteVector.fromMemorySegment(BYTES, w, offset + k, ORDER);
                largest = largest.max(codes.and(MAGNITUDE));
                for (int part = 0; part < PHASES; part++) {
                    IntVector code = (IntVector) codes.convertShape(VectorOperators.B2I, INTS, part);
                    code.lanewise(VectorOperators.LSHL, 20)
                            .and(SIGN_AND_MAGNITUDE << 16)
                            .reinterpretAsFloats()
                            .fma(FloatVector.broadcast(FLOATS, REBIAS), minusZero)
                            .mul(scale)
                            .intoArray(into, intoOffset + k + part * LENGTH);
                }
            }
            if (largest.reduceLanes(VectorOperators.MAX) == NAN) {
                k = 0;
            }
        }
        for (; k < count; k++) {
            into[intoOffset + k] = at(w, offset, k) * scale;
        }
    }

    private static float at(MemorySegment w, long row, int k) {
        return DECODED[w.get(BYTE, row + k) & 0xff];
    }
}
