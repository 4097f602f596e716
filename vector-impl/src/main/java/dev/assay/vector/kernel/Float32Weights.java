package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;
import static dev.assay.vector.kernel.Lanes.ORDER;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;

/// Kernels over float32 weights where they lie.
public final class Float32Weights {
    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ORDER);

    private Float32Weights() {}

    /// y\[yOffset + r\] = Σ W\[r\]\[k\]·x\[k\] for rows `from` to `to`.
    ///
    /// Four rows at a time, each from a quarter of its own, so that four streams of memory are read. One
    /// accumulator a row, lanes added last. Reads 4 bytes and does 2 operations an element.
    ///
    /// @param w the matrix from byte `offset` on, rows `rowBytes` apart
    /// @param x in one [phase][Phases], `[columns]`
    /// @param y receives row r at `yOffset + r`
    /// @param lanes room for four vectors
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
        int bound = FLOATS.loopBound(columns);
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
            for (int k = 0; k < bound; k += LENGTH) {
                FloatVector xk = FloatVector.fromArray(FLOATS, x, k);
                long at = (long) k * Float.BYTES;
                sumA = FloatVector.fromMemorySegment(FLOATS, w, a + at, ORDER).fma(xk, sumA);
                sumB = FloatVector.fromMemorySegment(FLOATS, w, b + at, ORDER).fma(xk, sumB);
                sumC = FloatVector.fromMemorySegment(FLOATS, w, c + at, ORDER).fma(xk, sumC);
                sumD = FloatVector.fromMemorySegment(FLOATS, w, d + at, ORDER).fma(xk, sumD);
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
            sum = Math.fma(w.get(FLOAT, row + (long) k * Float.BYTES), x[k], sum);
        }
        return sum;
    }

    /// y\[c\] += Σ x\[r\]·W\[r\]\[c\] for rows `from` to `to`: the transposed product, four rows at a time.
    ///
    /// @param w rows of `columns` elements from byte `offset` on, rows `rowBytes` apart
    /// @param y in one [phase][Phases], `[columns]`
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
        int bound = FLOATS.loopBound(columns);
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
            for (int k = 0; k < bound; k += LENGTH) {
                long at = (long) k * Float.BYTES;
                FloatVector sum = FloatVector.fromArray(FLOATS, y, k);
                sum = FloatVector.fromMemorySegment(FLOATS, w, a + at, ORDER)
                        .fma(FloatVector.broadcast(FLOATS, xa), sum);
                sum = FloatVector.fromMemorySegment(FLOATS, w, b + at, ORDER)
                        .fma(FloatVector.broadcast(FLOATS, xb), sum);
                sum = FloatVector.fromMemorySegment(FLOATS, w, c + at, ORDER)
                        .fma(FloatVector.broadcast(FLOATS, xc), sum);
                sum = FloatVector.fromMemorySegment(FLOATS, w, d + at, ORDER)
                        .fma(FloatVector.broadcast(FLOATS, xd), sum);
                sum.intoArray(y, k);
            }
            for (int k = bound; k < columns; k++) {
                long at = (long) k * Float.BYTES;
                float sum = Math.fma(w.get(FLOAT, a + at), xa, y[k]);
                sum = Math.fma(w.get(FLOAT, b + at), xb, sum);
                sum = Math.fma(w.get(FLOAT, c + at), xc, sum);
                y[k] = Math.fma(w.get(FLOAT, d + at), xd, sum);
            }
        }
        for (; r < to; r++) {
            long a = offset + r * rowBytes;
            float xa = x[xOffset + r];
            for (int k = 0; k < bound; k += LENGTH) {
                FloatVector.fromMemorySegment(FLOATS, w, a + (long) k * Float.BYTES, ORDER)
                        .fma(FloatVector.broadcast(FLOATS, xa), FloatVector.fromArray(FLOATS, y, k))
                        .intoArray(y, k);
            }
            for (int k = bound; k < columns; k++) {
                y[k] = Math.fma(w.get(FLOAT, a + (long) k * Float.BYTES), xa, y[k]);
            }
        }
    }

    /// Copies `count` weights from byte `offset` on.
    public static void decode(MemorySegment w, long offset, int count, float[] into, int intoOffset) {
        MemorySegment.copy(w, FLOAT, offset, into, intoOffset, count);
    }
}
