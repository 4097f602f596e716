package dev.assay.vector.weight;

import dev.assay.vector.kernel.Rows;
import java.util.Arrays;

/// Products for types without a kernel for them: a row at a time is decoded to float32.
final class Decoded {
    private Decoded() {}

    static void multiply(WeightMatrix w, int from, int to, float[] x, float[] y, int yOffset, Scratch scratch) {
        for (int r = from; r < to; r++) {
            w.decode(r, 0, w.columns(), scratch.row, 0);
            y[yOffset + r] = Rows.dot(scratch.row, 0, x, 0, w.columns());
        }
    }

    static void multiplyTransposed(
            WeightMatrix w,
            int from,
            int count,
            int column,
            int columns,
            float[] x,
            int xOffset,
            float[] y,
            int yOffset,
            Scratch scratch) {
        Arrays.fill(y, yOffset, yOffset + columns, 0);
        for (int r = 0; r < count; r++) {
            w.decode(from + r, column, columns, scratch.row, 0);
            Rows.addScaled(x[xOffset + r], scratch.row, 0, y, yOffset, columns);
        }
    }
}
