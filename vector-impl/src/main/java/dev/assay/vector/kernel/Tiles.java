package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;

import jdk.incubator.vector.FloatVector;

/// The register tile of matrix products: six rows of one operand, each number of which is broadcast, by a
/// [panel][Panels] of the other.
///
/// C\[r\]\[lane\] += Σ a\[r\]\[k\] · b\[k\]\[lane\]. Sums run over k in ascending order, one accumulator an element,
/// so an element does not depend on its neighbours or on how wide its panel is.
public final class Tiles {
    /// Rows of a tile.
    public static final int ROWS = 6;

    private Tiles() {}

    /// Adds the product of `rows` rows, a multiple of [#ROWS], and a panel.
    ///
    /// @param a number k of row r at `aOffset + r · aRow + k · aColumn`
    /// @param depth numbers of a row that are multiplied
    /// @param b the panel, number k at `bOffset + k · lanes`
    /// @param vectors of the panel, [Panels#WIDE] or 1
    /// @param c row r at `cOffset + r · lanes`
    public static void multiply(
            float[] a,
            int aOffset,
            int aRow,
            int aColumn,
            int rows,
            int depth,
            float[] b,
            int bOffset,
            int vectors,
            float[] c,
            int cOffset) {
        int lanes = vectors * LENGTH;
        for (int r = 0; r < rows; r += ROWS) {
            int from = aOffset + r * aRow;
            int to = cOffset + r * lanes;
            if (vectors == 4) {
                four(a, from, aRow, aColumn, depth, b, bOffset, c, to);
            } else if (vectors == 2) {
                two(a, from, aRow, aColumn, depth, b, bOffset, c, to);
            } else {
                one(a, from, aRow, aColumn, depth, b, bOffset, c, to);
            }
        }
    }

    /// Six rows by four vectors.
    private static void four(
            float[] a, int aOffset, int aRow, int aColumn, int depth, float[] b, int bOffset, float[] c, int cOffset) {
        int lanes = 4 * LENGTH;
        FloatVector c00 = FloatVector.fromArray(FLOATS, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(FLOATS, c, cOffset + LENGTH);
        FloatVector c02 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * LENGTH);
        FloatVector c03 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * LENGTH);
        FloatVector c10 = FloatVector.fromArray(FLOATS, c, cOffset + lanes);
        FloatVector c11 = FloatVector.fromArray(FLOATS, c, cOffset + lanes + LENGTH);
        FloatVector c12 = FloatVector.fromArray(FLOATS, c, cOffset + lanes + 2 * LENGTH);
        FloatVector c13 = FloatVector.fromArray(FLOATS, c, cOffset + lanes + 3 * LENGTH);
        FloatVector c20 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * lanes);
        FloatVector c21 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * lanes + LENGTH);
        FloatVector c22 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * lanes + 2 * LENGTH);
        FloatVector c23 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * lanes + 3 * LENGTH);
        FloatVector c30 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * lanes);
        FloatVector c31 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * lanes + LENGTH);
        FloatVector c32 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * lanes + 2 * LENGTH);
        FloatVector c33 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * lanes + 3 * LENGTH);
        FloatVector c40 = FloatVector.fromArray(FLOATS, c, cOffset + 4 * lanes);
        FloatVector c41 = FloatVector.fromArray(FLOATS, c, cOffset + 4 * lanes + LENGTH);
        FloatVector c42 = FloatVector.fromArray(FLOATS, c, cOffset + 4 * lanes + 2 * LENGTH);
        FloatVector c43 = FloatVector.fromArray(FLOATS, c, cOffset + 4 * lanes + 3 * LENGTH);
        FloatVector c50 = FloatVector.fromArray(FLOATS, c, cOffset + 5 * lanes);
        FloatVector c51 = FloatVector.fromArray(FLOATS, c, cOffset + 5 * lanes + LENGTH);
        FloatVector c52 = FloatVector.fromArray(FLOATS, c, cOffset + 5 * lanes + 2 * LENGTH);
        FloatVector c53 = FloatVector.fromArray(FLOATS, c, cOffset + 5 * lanes + 3 * LENGTH);
        int at = bOffset;
        int a0 = aOffset;
        int a1 = aOffset + aRow;
        int a2 = aOffset + 2 * aRow;
        int a3 = aOffset + 3 * aRow;
        int a4 = aOffset + 4 * aRow;
        int a5 = aOffset + 5 * aRow;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(FLOATS, b, at);
            FloatVector b1 = FloatVector.fromArray(FLOATS, b, at + LENGTH);
            FloatVector b2 = FloatVector.fromArray(FLOATS, b, at + 2 * LENGTH);
            FloatVector b3 = FloatVector.fromArray(FLOATS, b, at + 3 * LENGTH);
            FloatVector row0 = FloatVector.broadcast(FLOATS, a[a0]);
            c00 = row0.fma(b0, c00);
            c01 = row0.fma(b1, c01);
            c02 = row0.fma(b2, c02);
            c03 = row0.fma(b3, c03);
            a0 += aColumn;
            FloatVector row1 = FloatVector.broadcast(FLOATS, a[a1]);
            c10 = row1.fma(b0, c10);
            c11 = row1.fma(b1, c11);
            c12 = row1.fma(b2, c12);
            c13 = row1.fma(b3, c13);
            a1 += aColumn;
            FloatVector row2 = FloatVector.broadcast(FLOATS, a[a2]);
            c20 = row2.fma(b0, c20);
            c21 = row2.fma(b1, c21);
            c22 = row2.fma(b2, c22);
            c23 = row2.fma(b3, c23);
            a2 += aColumn;
            FloatVector row3 = FloatVector.broadcast(FLOATS, a[a3]);
            c30 = row3.fma(b0, c30);
            c31 = row3.fma(b1, c31);
            c32 = row3.fma(b2, c32);
            c33 = row3.fma(b3, c33);
            a3 += aColumn;
            FloatVector row4 = FloatVector.broadcast(FLOATS, a[a4]);
            c40 = row4.fma(b0, c40);
            c41 = row4.fma(b1, c41);
            c42 = row4.fma(b2, c42);
            c43 = row4.fma(b3, c43);
            a4 += aColumn;
            FloatVector row5 = FloatVector.broadcast(FLOATS, a[a5]);
            c50 = row5.fma(b0, c50);
            c51 = row5.fma(b1, c51);
            c52 = row5.fma(b2, c52);
            c53 = row5.fma(b3, c53);
            a5 += aColumn;
            at += lanes;
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LENGTH);
        c02.intoArray(c, cOffset + 2 * LENGTH);
        c03.intoArray(c, cOffset + 3 * LENGTH);
        c10.intoArray(c, cOffset + lanes);
        c11.intoArray(c, cOffset + lanes + LENGTH);
        c12.intoArray(c, cOffset + lanes + 2 * LENGTH);
        c13.intoArray(c, cOffset + lanes + 3 * LENGTH);
        c20.intoArray(c, cOffset + 2 * lanes);
        c21.intoArray(c, cOffset + 2 * lanes + LENGTH);
        c22.intoArray(c, cOffset + 2 * lanes + 2 * LENGTH);
        c23.intoArray(c, cOffset + 2 * lanes + 3 * LENGTH);
        c30.intoArray(c, cOffset + 3 * lanes);
        c31.intoArray(c, cOffset + 3 * lanes + LENGTH);
        c32.intoArray(c, cOffset + 3 * lanes + 2 * LENGTH);
        c33.intoArray(c, cOffset + 3 * lanes + 3 * LENGTH);
        c40.intoArray(c, cOffset + 4 * lanes);
        c41.intoArray(c, cOffset + 4 * lanes + LENGTH);
        c42.intoArray(c, cOffset + 4 * lanes + 2 * LENGTH);
        c43.intoArray(c, cOffset + 4 * lanes + 3 * LENGTH);
        c50.intoArray(c, cOffset + 5 * lanes);
        c51.intoArray(c, cOffset + 5 * lanes + LENGTH);
        c52.intoArray(c, cOffset + 5 * lanes + 2 * LENGTH);
        c53.intoArray(c, cOffset + 5 * lanes + 3 * LENGTH);
    }

    /// Six rows by two vectors.
    private static void two(
            float[] a, int aOffset, int aRow, int aColumn, int depth, float[] b, int bOffset, float[] c, int cOffset) {
        int lanes = 2 * LENGTH;
        FloatVector c00 = FloatVector.fromArray(FLOATS, c, cOffset);
        FloatVector c01 = FloatVector.fromArray(FLOATS, c, cOffset + LENGTH);
        FloatVector c10 = FloatVector.fromArray(FLOATS, c, cOffset + lanes);
        FloatVector c11 = FloatVector.fromArray(FLOATS, c, cOffset + lanes + LENGTH);
        FloatVector c20 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * lanes);
        FloatVector c21 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * lanes + LENGTH);
        FloatVector c30 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * lanes);
        FloatVector c31 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * lanes + LENGTH);
        FloatVector c40 = FloatVector.fromArray(FLOATS, c, cOffset + 4 * lanes);
        FloatVector c41 = FloatVector.fromArray(FLOATS, c, cOffset + 4 * lanes + LENGTH);
        FloatVector c50 = FloatVector.fromArray(FLOATS, c, cOffset + 5 * lanes);
        FloatVector c51 = FloatVector.fromArray(FLOATS, c, cOffset + 5 * lanes + LENGTH);
        int at = bOffset;
        int a0 = aOffset;
        int a1 = aOffset + aRow;
        int a2 = aOffset + 2 * aRow;
        int a3 = aOffset + 3 * aRow;
        int a4 = aOffset + 4 * aRow;
        int a5 = aOffset + 5 * aRow;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(FLOATS, b, at);
            FloatVector b1 = FloatVector.fromArray(FLOATS, b, at + LENGTH);
            FloatVector row0 = FloatVector.broadcast(FLOATS, a[a0]);
            c00 = row0.fma(b0, c00);
            c01 = row0.fma(b1, c01);
            a0 += aColumn;
            FloatVector row1 = FloatVector.broadcast(FLOATS, a[a1]);
            c10 = row1.fma(b0, c10);
            c11 = row1.fma(b1, c11);
            a1 += aColumn;
            FloatVector row2 = FloatVector.broadcast(FLOATS, a[a2]);
            c20 = row2.fma(b0, c20);
            c21 = row2.fma(b1, c21);
            a2 += aColumn;
            FloatVector row3 = FloatVector.broadcast(FLOATS, a[a3]);
            c30 = row3.fma(b0, c30);
            c31 = row3.fma(b1, c31);
            a3 += aColumn;
            FloatVector row4 = FloatVector.broadcast(FLOATS, a[a4]);
            c40 = row4.fma(b0, c40);
            c41 = row4.fma(b1, c41);
            a4 += aColumn;
            FloatVector row5 = FloatVector.broadcast(FLOATS, a[a5]);
            c50 = row5.fma(b0, c50);
            c51 = row5.fma(b1, c51);
            a5 += aColumn;
            at += lanes;
        }
        c00.intoArray(c, cOffset);
        c01.intoArray(c, cOffset + LENGTH);
        c10.intoArray(c, cOffset + lanes);
        c11.intoArray(c, cOffset + lanes + LENGTH);
        c20.intoArray(c, cOffset + 2 * lanes);
        c21.intoArray(c, cOffset + 2 * lanes + LENGTH);
        c30.intoArray(c, cOffset + 3 * lanes);
        c31.intoArray(c, cOffset + 3 * lanes + LENGTH);
        c40.intoArray(c, cOffset + 4 * lanes);
        c41.intoArray(c, cOffset + 4 * lanes + LENGTH);
        c50.intoArray(c, cOffset + 5 * lanes);
        c51.intoArray(c, cOffset + 5 * lanes + LENGTH);
    }

    /// Six rows by one vector.
    private static void one(
            float[] a, int aOffset, int aRow, int aColumn, int depth, float[] b, int bOffset, float[] c, int cOffset) {
        int lanes = LENGTH;
        FloatVector c00 = FloatVector.fromArray(FLOATS, c, cOffset);
        FloatVector c10 = FloatVector.fromArray(FLOATS, c, cOffset + lanes);
        FloatVector c20 = FloatVector.fromArray(FLOATS, c, cOffset + 2 * lanes);
        FloatVector c30 = FloatVector.fromArray(FLOATS, c, cOffset + 3 * lanes);
        FloatVector c40 = FloatVector.fromArray(FLOATS, c, cOffset + 4 * lanes);
        FloatVector c50 = FloatVector.fromArray(FLOATS, c, cOffset + 5 * lanes);
        int at = bOffset;
        int a0 = aOffset;
        int a1 = aOffset + aRow;
        int a2 = aOffset + 2 * aRow;
        int a3 = aOffset + 3 * aRow;
        int a4 = aOffset + 4 * aRow;
        int a5 = aOffset + 5 * aRow;
        for (int k = 0; k < depth; k++) {
            FloatVector b0 = FloatVector.fromArray(FLOATS, b, at);
            FloatVector row0 = FloatVector.broadcast(FLOATS, a[a0]);
            c00 = row0.fma(b0, c00);
            a0 += aColumn;
            FloatVector row1 = FloatVector.broadcast(FLOATS, a[a1]);
            c10 = row1.fma(b0, c10);
            a1 += aColumn;
            FloatVector row2 = FloatVector.broadcast(FLOATS, a[a2]);
            c20 = row2.fma(b0, c20);
            a2 += aColumn;
            FloatVector row3 = FloatVector.broadcast(FLOATS, a[a3]);
            c30 = row3.fma(b0, c30);
            a3 += aColumn;
            FloatVector row4 = FloatVector.broadcast(FLOATS, a[a4]);
            c40 = row4.fma(b0, c40);
            a4 += aColumn;
            FloatVector row5 = FloatVector.broadcast(FLOATS, a[a5]);
            c50 = row5.fma(b0, c50);
            a5 += aColumn;
            at += lanes;
        }
        c00.intoArray(c, cOffset);
        c10.intoArray(c, cOffset + lanes);
        c20.intoArray(c, cOffset + 2 * lanes);
        c30.intoArray(c, cOffset + 3 * lanes);
        c40.intoArray(c, cOffset + 4 * lanes);
        c50.intoArray(c, cOffset + 5 * lanes);
    }
}
