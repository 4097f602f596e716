package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;

/// The softmax of attention with a [panel][Panels] of queries, a block of keys at a time: scores are `[keys][lanes]`.
public final class AttentionPanels {
    /// The score of a key that a query does not see: far below any other, so that its weight is 0 as soon as a key
    /// is seen, and finite, so that before then nothing is NaN.
    public static final float UNSEEN = -1e30f;

    private AttentionPanels() {}

    /// Sets the scores of keys that a lane's query does not see.
    ///
    /// @param firstKey position of the first of `keys` keys
    /// @param lowest the first position that each lane's query sees, as a float: exact below 2²⁴
    /// @param highest the last one, its own
    public static void mask(float[] scores, int keys, int lanes, int firstKey, float[] lowest, float[] highest) {
        for (int v = 0; v < lanes; v += LENGTH) {
            FloatVector low = FloatVector.fromArray(FLOATS, lowest, v);
            FloatVector high = FloatVector.fromArray(FLOATS, highest, v);
            for (int s = 0; s < keys; s++) {
                float position = firstKey + s;
                VectorMask<Float> unseen =
                        low.compare(VectorOperators.GT, position).or(high.compare(VectorOperators.LT, position));
                FloatVector.fromArray(FLOATS, scores, s * lanes + v)
                        .blend(UNSEEN, unseen)
                        .intoArray(scores, s * lanes + v);
            }
        }
    }

    /// Takes a block of scores into account in the running maximum, and subtracts it from them.
    ///
    /// @param maximum of each lane so far; receives that with this block
    /// @param difference receives the old maximum less the new one
    public static void shiftByMaximum(float[] scores, int keys, int lanes, float[] maximum, float[] difference) {
        for (int v = 0; v < lanes; v += LENGTH) {
            FloatVector before = FloatVector.fromArray(FLOATS, maximum, v);
            FloatVector now = before;
            for (int s = 0; s < keys; s++) {
                now = now.max(FloatVector.fromArray(FLOATS, scores, s * lanes + v));
            }
            now.intoArray(maximum, v);
            before.sub(now).intoArray(difference, v);
            for (int s = 0; s < keys; s++) {
                FloatVector.fromArray(FLOATS, scores, s * lanes + v).sub(now).intoArray(scores, s * lanes + v);
            }
        }
    }

    /// total\[lane\] = total\[lane\] · factor\[lane\] + Σ over keys of weights\[key\]\[lane\].
    public static void addUp(float[] weights, int keys, int lanes, float[] factor, float[] total) {
        for (int v = 0; v < lanes; v += LENGTH) {
            FloatVector sum = FloatVector.fromArray(FLOATS, total, v).mul(FloatVector.fromArray(FLOATS, factor, v));
            for (int s = 0; s < keys; s++) {
                sum = sum.add(FloatVector.fromArray(FLOATS, weights, s * lanes + v));
            }
            sum.intoArray(total, v);
        }
    }

    /// Multiplies each of `rows` rows by a factor for each lane.
    public static void scale(float[] x, int rows, int lanes, float[] factor) {
        for (int v = 0; v < lanes; v += LENGTH) {
            FloatVector by = FloatVector.fromArray(FLOATS, factor, v);
            for (int r = 0; r < rows; r++) {
                FloatVector.fromArray(FLOATS, x, r * lanes + v).mul(by).intoArray(x, r * lanes + v);
            }
        }
    }

    /// Divides each of `rows` rows by a number for each lane.
    public static void divide(float[] x, int rows, int lanes, float[] by) {
        for (int v = 0; v < lanes; v += LENGTH) {
            FloatVector divisor = FloatVector.fromArray(FLOATS, by, v);
            for (int r = 0; r < rows; r++) {
                FloatVector.fromArray(FLOATS, x, r * lanes + v).div(divisor).intoArray(x, r * lanes + v);
            }
        }
    }
}
