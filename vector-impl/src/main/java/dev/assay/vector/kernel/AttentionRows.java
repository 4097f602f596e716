package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.BY_2;
import static dev.assay.vector.kernel.Lanes.BY_4;
import static dev.assay.vector.kernel.Lanes.BY_8;
import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;

import jdk.incubator.vector.FloatVector;

/// Attention of the queries of one token over positions that lie one after another.
///
/// Queries that see the same keys and values take them two at a time, which halves the loads. Keys are read in the
/// order of memory, a row at a time, since a processor fetches ahead along one stream: four rows at a time, each sum
/// with loads of its own, took 1.9 times as long over a cache in memory. A query's numbers do not depend on
/// whether another shares its loads.
public final class AttentionRows {
    private AttentionRows() {}

    /// scores\[h\]\[s\] = scale · q\[h\]·k\[s\] for `heads` queries and `count` keys.
    ///
    /// @param q query h at `qOffset + h · qStride`
    /// @param keys key s at `keyOffset + s · width`
    /// @param scores of query h from `scoreOffset + h · scoreStride` on
    public static void scores(
            float[] q,
            int qOffset,
            int qStride,
            int heads,
            int width,
            float[] keys,
            int keyOffset,
            int count,
            float scale,
            float[] scores,
            int scoreOffset,
            int scoreStride) {
        int h = 0;
        for (; h + 2 <= heads; h += 2) {
            int qAt = qOffset + h * qStride;
            int at = scoreOffset + h * scoreStride;
            scoresOfTwo(q, qAt, qAt + qStride, width, keys, keyOffset, count, scale, scores, at, at + scoreStride);
        }
        if (h < heads) {
            scoresOfOne(
                    q,
                    qOffset + h * qStride,
                    width,
                    keys,
                    keyOffset,
                    count,
                    scale,
                    scores,
                    scoreOffset + h * scoreStride);
        }
    }

    private static void scoresOfTwo(
            float[] q,
            int firstQuery,
            int secondQuery,
            int width,
            float[] keys,
            int keyOffset,
            int count,
            float scale,
            float[] scores,
            int firstScore,
            int secondScore) {
        for (int s = 0; s < count; s++) {
            int key = keyOffset + s * width;
            FloatVector first = FloatVector.zero(FLOATS);
            FloatVector firstOdd = FloatVector.zero(FLOATS);
            FloatVector second = FloatVector.zero(FLOATS);
            FloatVector secondOdd = FloatVector.zero(FLOATS);
            int i = 0;
            for (; i <= width - 2 * LENGTH; i += 2 * LENGTH) {
                FloatVector even = FloatVector.fromArray(FLOATS, keys, key + i);
                FloatVector odd = FloatVector.fromArray(FLOATS, keys, key + i + LENGTH);
                first = FloatVector.fromArray(FLOATS, q, firstQuery + i).fma(even, first);
                second = FloatVector.fromArray(FLOATS, q, secondQuery + i).fma(even, second);
                firstOdd = FloatVector.fromArray(FLOATS, q, firstQuery + i + LENGTH)
                        .fma(odd, firstOdd);
                secondOdd = FloatVector.fromArray(FLOATS, q, secondQuery + i + LENGTH)
                        .fma(odd, secondOdd);
            }
            for (; i <= width - LENGTH; i += LENGTH) {
                FloatVector even = FloatVector.fromArray(FLOATS, keys, key + i);
                first = FloatVector.fromArray(FLOATS, q, firstQuery + i).fma(even, first);
                second = FloatVector.fromArray(FLOATS, q, secondQuery + i).fma(even, second);
            }
            first = first.add(firstOdd);
            second = second.add(secondOdd);
            if (LENGTH >= 16) {
                first = first.add(first.rearrange(BY_8));
                second = second.add(second.rearrange(BY_8));
            }
            if (LENGTH >= 8) {
                first = first.add(first.rearrange(BY_4));
                second = second.add(second.rearrange(BY_4));
            }
            if (LENGTH >= 4) {
                first = first.add(first.rearrange(BY_2));
                second = second.add(second.rearrange(BY_2));
            }
            float firstTotal = first.lane(0) + first.lane(1);
            float secondTotal = second.lane(0) + second.lane(1);
            for (; i < width; i++) {
                firstTotal = Math.fma(q[firstQuery + i], keys[key + i], firstTotal);
                secondTotal = Math.fma(q[secondQuery + i], keys[key + i], secondTotal);
            }
            scores[firstScore + s] = firstTotal * scale;
            scores[secondScore + s] = secondTotal * scale;
        }
    }

    private static void scoresOfOne(
            float[] q,
            int query,
            int width,
            float[] keys,
            int keyOffset,
            int count,
            float scale,
            float[] scores,
            int score) {
        for (int s = 0; s < count; s++) {
            int key = keyOffset + s * width;
            FloatVector sum = FloatVector.zero(FLOATS);
            FloatVector odd = FloatVector.zero(FLOATS);
            int i = 0;
            for (; i <= width - 2 * LENGTH; i += 2 * LENGTH) {
                sum = FloatVector.fromArray(FLOATS, q, query + i)
                        .fma(FloatVector.fromArray(FLOATS, keys, key + i), sum);
                odd = FloatVector.fromArray(FLOATS, q, query + i + LENGTH)
                        .fma(FloatVector.fromArray(FLOATS, keys, key + i + LENGTH), odd);
            }
            for (; i <= width - LENGTH; i += LENGTH) {
                sum = FloatVector.fromArray(FLOATS, q, query + i)
                        .fma(FloatVector.fromArray(FLOATS, keys, key + i), sum);
            }
            sum = sum.add(odd);
            if (LENGTH >= 16) {
                sum = sum.add(sum.rearrange(BY_8));
            }
            if (LENGTH >= 8) {
                sum = sum.add(sum.rearrange(BY_4));
            }
            if (LENGTH >= 4) {
                sum = sum.add(sum.rearrange(BY_2));
            }
            float total = sum.lane(0) + sum.lane(1);
            for (; i < width; i++) {
                total = Math.fma(q[query + i], keys[key + i], total);
            }
            scores[score + s] = total * scale;
        }
    }

    /// sum\[h\]\[i\] += Σ p\[h\]\[s\]·v\[s\]\[i\] over `count` values, for `heads` queries.
    ///
    /// @param p of query h from `pOffset + h · pStride` on
    /// @param values value s at `valueOffset + s · width`
    /// @param sum `[heads][width]` from `sumOffset` on
    public static void weightedSums(
            float[] p,
            int pOffset,
            int pStride,
            int heads,
            int count,
            float[] values,
            int valueOffset,
            int width,
            float[] sum,
            int sumOffset) {
        int h = 0;
        for (; h + 2 <= heads; h += 2) {
            int pAt = pOffset + h * pStride;
            int at = sumOffset + h * width;
            sumsOfTwo(p, pAt, pAt + pStride, count, values, valueOffset, width, sum, at, at + width);
        }
        if (h < heads) {
            sumsOfOne(p, pOffset + h * pStride, count, values, valueOffset, width, sum, sumOffset + h * width);
        }
    }

    /// Four vectors of each sum stay in registers while positions go by.
    private static void sumsOfTwo(
            float[] p,
            int firstWeight,
            int secondWeight,
            int count,
            float[] values,
            int valueOffset,
            int width,
            float[] sum,
            int first,
            int second) {
        int i = 0;
        for (; i <= width - 4 * LENGTH; i += 4 * LENGTH) {
            FloatVector first0 = FloatVector.fromArray(FLOATS, sum, first + i);
            FloatVector first1 = FloatVector.fromArray(FLOATS, sum, first + i + LENGTH);
            FloatVector first2 = FloatVector.fromArray(FLOATS, sum, first + i + 2 * LENGTH);
            FloatVector first3 = FloatVector.fromArray(FLOATS, sum, first + i + 3 * LENGTH);
            FloatVector second0 = FloatVector.fromArray(FLOATS, sum, second + i);
            FloatVector second1 = FloatVector.fromArray(FLOATS, sum, second + i + LENGTH);
            FloatVector second2 = FloatVector.fromArray(FLOATS, sum, second + i + 2 * LENGTH);
            FloatVector second3 = FloatVector.fromArray(FLOATS, sum, second + i + 3 * LENGTH);
            int at = valueOffset + i;
            for (int s = 0; s < count; s++) {
                FloatVector a = FloatVector.broadcast(FLOATS, p[firstWeight + s]);
                FloatVector b = FloatVector.broadcast(FLOATS, p[secondWeight + s]);
                FloatVector value0 = FloatVector.fromArray(FLOATS, values, at);
                first0 = value0.fma(a, first0);
                second0 = value0.fma(b, second0);
                FloatVector value1 = FloatVector.fromArray(FLOATS, values, at + LENGTH);
                first1 = value1.fma(a, first1);
                second1 = value1.fma(b, second1);
                FloatVector value2 = FloatVector.fromArray(FLOATS, values, at + 2 * LENGTH);
                first2 = value2.fma(a, first2);
                second2 = value2.fma(b, second2);
                FloatVector value3 = FloatVector.fromArray(FLOATS, values, at + 3 * LENGTH);
                first3 = value3.fma(a, first3);
                second3 = value3.fma(b, second3);
                at += width;
            }
            first0.intoArray(sum, first + i);
            first1.intoArray(sum, first + i + LENGTH);
            first2.intoArray(sum, first + i + 2 * LENGTH);
            first3.intoArray(sum, first + i + 3 * LENGTH);
            second0.intoArray(sum, second + i);
            second1.intoArray(sum, second + i + LENGTH);
            second2.intoArray(sum, second + i + 2 * LENGTH);
            second3.intoArray(sum, second + i + 3 * LENGTH);
        }
        for (; i <= width - LENGTH; i += LENGTH) {
            FloatVector first0 = FloatVector.fromArray(FLOATS, sum, first + i);
            FloatVector second0 = FloatVector.fromArray(FLOATS, sum, second + i);
            int at = valueOffset + i;
            for (int s = 0; s < count; s++) {
                FloatVector a = FloatVector.broadcast(FLOATS, p[firstWeight + s]);
                FloatVector b = FloatVector.broadcast(FLOATS, p[secondWeight + s]);
                FloatVector value0 = FloatVector.fromArray(FLOATS, values, at);
                first0 = value0.fma(a, first0);
                second0 = value0.fma(b, second0);
                at += width;
            }
            first0.intoArray(sum, first + i);
            second0.intoArray(sum, second + i);
        }
        for (; i < width; i++) {
            for (int s = 0; s < count; s++) {
                float value = values[valueOffset + s * width + i];
                sum[first + i] = Math.fma(p[firstWeight + s], value, sum[first + i]);
                sum[second + i] = Math.fma(p[secondWeight + s], value, sum[second + i]);
            }
        }
    }

    private static void sumsOfOne(
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
                FloatVector weight = FloatVector.broadcast(FLOATS, p[pOffset + s]);
                sum0 = FloatVector.fromArray(FLOATS, values, at).fma(weight, sum0);
                at += width;
            }
            sum0.intoArray(sum, sumOffset + i);
        }
        for (; i < width; i++) {
            for (int s = 0; s < count; s++) {
                sum[sumOffset + i] = Math.fma(p[pOffset + s], values[valueOffset + s * width + i], sum[sumOffset + i]);
            }
        }
    }
}
