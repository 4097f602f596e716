package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;

import jdk.incubator.vector.FloatVector;

/// Attention of one query over positions that lie one after another.
public final class AttentionRows {
    private AttentionRows() {}

    /// scores\[s\] = scale · q·k\[s\] for `count` keys, four at a time.
    ///
    /// @param keys key s at `keyOffset + s · width`
    /// @param lanes room for four vectors
    public static void scores(
            float[] q,
            int qOffset,
            int width,
            float[] keys,
            int keyOffset,
            int count,
            float scale,
            float[] scores,
            int scoreOffset,
            float[] lanes) {
        int bound = FLOATS.loopBound(width);
        int s = 0;
        for (; s + 4 <= count; s += 4) {
            int a = keyOffset + s * width;
            int b = a + width;
            int c = b + width;
            int d = c + width;
            FloatVector sumA = FloatVector.zero(FLOATS);
            FloatVector sumB = FloatVector.zero(FLOATS);
            FloatVector sumC = FloatVector.zero(FLOATS);
            FloatVector sumD = FloatVector.zero(FLOATS);
            for (int i = 0; i < bound; i += LENGTH) {
                FloatVector qi = FloatVector.fromArray(FLOATS, q, qOffset + i);
                sumA = FloatVector.fromArray(FLOATS, keys, a + i).fma(qi, sumA);
                sumB = FloatVector.fromArray(FLOATS, keys, b + i).fma(qi, sumB);
                sumC = FloatVector.fromArray(FLOATS, keys, c + i).fma(qi, sumC);
                sumD = FloatVector.fromArray(FLOATS, keys, d + i).fma(qi, sumD);
            }
            sumA.intoArray(lanes, 0);
            sumB.intoArray(lanes, LENGTH);
            sumC.intoArray(lanes, 2 * LENGTH);
            sumD.intoArray(lanes, 3 * LENGTH);
            float totalA = Lanes.sum(lanes, 0);
            float totalB = Lanes.sum(lanes, LENGTH);
            float totalC = Lanes.sum(lanes, 2 * LENGTH);
            float totalD = Lanes.sum(lanes, 3 * LENGTH);
            for (int i = bound; i < width; i++) {
                float qi = q[qOffset + i];
                totalA = Math.fma(keys[a + i], qi, totalA);
                totalB = Math.fma(keys[b + i], qi, totalB);
                totalC = Math.fma(keys[c + i], qi, totalC);
                totalD = Math.fma(keys[d + i], qi, totalD);
            }
            scores[scoreOffset + s] = totalA * scale;
            scores[scoreOffset + s + 1] = totalB * scale;
            scores[scoreOffset + s + 2] = totalC * scale;
            scores[scoreOffset + s + 3] = totalD * scale;
        }
        for (; s < count; s++) {
            scores[scoreOffset + s] = Rows.dot(q, qOffset, keys, keyOffset + s * width, width) * scale;
        }
    }

    /// sum\[i\] += Σ p\[s\]·v\[s\]\[i\] over `count` values: four vectors of the sum stay in registers while
    /// positions
    /// go by.
    ///
    /// @param values value s at `valueOffset + s · width`
    public static void weightedSum(
            float[] p, int pOffset, int count, float[] values, int valueOffset, int width, float[] sum, int sumOffset) {
        int i = 0;
        for (; i <= width - 4 * LENGTH; i += 4 * LENGTH) {
            FloatVector sum0 = FloatVector.fromArray(FLOATS, sum, sumOffset + i);
            FloatVector sum1 = FloatVector.fromArray(FLOATS, sum, sumOffset + i + LENGTH);
            FloatVector sum2 = FloatVector.fromArray(FLOATS, sum, sumOffset + i + 2 * LENGTH);
            FloatVector sum3 = FloatVector.fromArray(FLOATS, sum, sumOffset + i + 3 * LENGTH);
            int at = valueOffset + i;
            for (int s = 0; s < count; s++) {
                FloatVector weight = FloatVector.broadcast(FLOATS, p[pOffset + s]);
                sum0 = FloatVector.fromArray(FLOATS, values, at).fma(weight, sum0);
                sum1 = FloatVector.fromArray(FLOATS, values, at + LENGTH).fma(weight, sum1);
                sum2 = FloatVector.fromArray(FLOATS, values, at + 2 * LENGTH).fma(weight, sum2);
                sum3 = FloatVector.fromArray(FLOATS, values, at + 3 * LENGTH).fma(weight, sum3);
                at += width;
            }
            sum0.intoArray(sum, sumOffset + i);
            sum1.intoArray(sum, sumOffset + i + LENGTH);
            sum2.intoArray(sum, sumOffset + i + 2 * LENGTH);
            sum3.intoArray(sum, sumOffset + i + 3 * LENGTH);
        }
        for (; i <= width - LENGTH; i += LENGTH) {
            FloatVector sum0 = FloatVector.fromArray(FLOATS, sum, sumOffset + i);
            int at = valueOffset + i;
            for (int s = 0; s < count; s++) {
                sum0 = FloatVector.fromArray(FLOATS, values, at)
                        .fma(FloatVector.broadcast(FLOATS, p[pOffset + s]), sum0);
                at += width;
            }
            sum0.intoArray(sum, sumOffset + i);
        }
        for (; i < width; i++) {
            float total = sum[sumOffset + i];
            for (int s = 0; s < count; s++) {
                total = Math.fma(p[pOffset + s], values[valueOffset + s * width + i], total);
            }
            sum[sumOffset + i] = total;
        }
    }
}
