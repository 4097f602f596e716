package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.BY_2;
import static dev.assay.vector.kernel.Lanes.BY_4;
import static dev.assay.vector.kernel.Lanes.BY_8;
import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;

/// Kernels over one row of numbers: sums, norms and the arithmetic of a residual stream.
public final class Rows {
    private Rows() {}

    /// Σ a\[i\]·b\[i\]. Four accumulators, lanes added last.
    public static float dot(float[] a, int aOffset, float[] b, int bOffset, int length) {
        FloatVector sum0 = FloatVector.zero(FLOATS);
        FloatVector sum1 = FloatVector.zero(FLOATS);
        FloatVector sum2 = FloatVector.zero(FLOATS);
        FloatVector sum3 = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= length - 4 * LENGTH; i += 4 * LENGTH) {
            sum0 = FloatVector.fromArray(FLOATS, a, aOffset + i)
                    .fma(FloatVector.fromArray(FLOATS, b, bOffset + i), sum0);
            sum1 = FloatVector.fromArray(FLOATS, a, aOffset + i + LENGTH)
                    .fma(FloatVector.fromArray(FLOATS, b, bOffset + i + LENGTH), sum1);
            sum2 = FloatVector.fromArray(FLOATS, a, aOffset + i + 2 * LENGTH)
                    .fma(FloatVector.fromArray(FLOATS, b, bOffset + i + 2 * LENGTH), sum2);
            sum3 = FloatVector.fromArray(FLOATS, a, aOffset + i + 3 * LENGTH)
                    .fma(FloatVector.fromArray(FLOATS, b, bOffset + i + 3 * LENGTH), sum3);
        }
        for (; i <= length - LENGTH; i += LENGTH) {
            sum0 = FloatVector.fromArray(FLOATS, a, aOffset + i)
                    .fma(FloatVector.fromArray(FLOATS, b, bOffset + i), sum0);
        }
        FloatVector all = sum0.add(sum1).add(sum2.add(sum3));
        if (LENGTH >= 16) {
            all = all.add(all.rearrange(BY_8));
        }
        if (LENGTH >= 8) {
            all = all.add(all.rearrange(BY_4));
        }
        if (LENGTH >= 4) {
            all = all.add(all.rearrange(BY_2));
        }
        float sum = all.lane(0) + all.lane(1);
        for (; i < length; i++) {
            sum = Math.fma(a[aOffset + i], b[bOffset + i], sum);
        }
        return sum;
    }

    /// Σ x\[i\].
    public static float sum(float[] x, int offset, int length) {
        FloatVector lanes = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            lanes = lanes.add(FloatVector.fromArray(FLOATS, x, offset + i));
        }
        FloatVector all = lanes;
        if (LENGTH >= 16) {
            all = all.add(all.rearrange(BY_8));
        }
        if (LENGTH >= 8) {
            all = all.add(all.rearrange(BY_4));
        }
        if (LENGTH >= 4) {
            all = all.add(all.rearrange(BY_2));
        }
        float sum = all.lane(0) + all.lane(1);
        for (; i < length; i++) {
            sum += x[offset + i];
        }
        return sum;
    }

    /// The largest of `length` numbers, at least one.
    public static float max(float[] x, int offset, int length) {
        FloatVector lanes = FloatVector.broadcast(FLOATS, Float.NEGATIVE_INFINITY);
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            lanes = lanes.max(FloatVector.fromArray(FLOATS, x, offset + i));
        }
        float max = lanes.reduceLanes(VectorOperators.MAX);
        for (; i < length; i++) {
            max = Math.max(max, x[offset + i]);
        }
        return max;
    }

    /// y\[i\] = (x\[i\] − shift)·factor·gain\[i\]. In place if `x` and `y` are one.
    public static void normalise(
            float[] x, int xOffset, float shift, float factor, float[] gain, float[] y, int yOffset, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, x, xOffset + i)
                    .sub(shift)
                    .mul(factor)
                    .mul(FloatVector.fromArray(FLOATS, gain, i))
                    .intoArray(y, yOffset + i);
        }
        for (; i < length; i++) {
            y[yOffset + i] = (x[xOffset + i] - shift) * factor * gain[i];
        }
    }

    /// Σ (x\[i\] − shift)².
    public static float squares(float[] x, int offset, float shift, int length) {
        FloatVector sum0 = FloatVector.zero(FLOATS);
        FloatVector sum1 = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= length - 2 * LENGTH; i += 2 * LENGTH) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, offset + i).sub(shift);
            FloatVector b =
                    FloatVector.fromArray(FLOATS, x, offset + i + LENGTH).sub(shift);
            sum0 = a.fma(a, sum0);
            sum1 = b.fma(b, sum1);
        }
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector a = FloatVector.fromArray(FLOATS, x, offset + i).sub(shift);
            sum0 = a.fma(a, sum0);
        }
        FloatVector all = sum0.add(sum1);
        if (LENGTH >= 16) {
            all = all.add(all.rearrange(BY_8));
        }
        if (LENGTH >= 8) {
            all = all.add(all.rearrange(BY_4));
        }
        if (LENGTH >= 4) {
            all = all.add(all.rearrange(BY_2));
        }
        float sum = all.lane(0) + all.lane(1);
        for (; i < length; i++) {
            float a = x[offset + i] - shift;
            sum = Math.fma(a, a, sum);
        }
        return sum;
    }

    /// y\[i\] += x\[i\].
    public static void add(float[] x, int xOffset, float[] y, int yOffset, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, y, yOffset + i)
                    .add(FloatVector.fromArray(FLOATS, x, xOffset + i))
                    .intoArray(y, yOffset + i);
        }
        for (; i < length; i++) {
            y[yOffset + i] += x[xOffset + i];
        }
    }

    /// y\[i\] += factor·x\[i\].
    public static void addScaled(float factor, float[] x, int xOffset, float[] y, int yOffset, int length) {
        FloatVector factors = FloatVector.broadcast(FLOATS, factor);
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, x, xOffset + i)
                    .fma(factors, FloatVector.fromArray(FLOATS, y, yOffset + i))
                    .intoArray(y, yOffset + i);
        }
        for (; i < length; i++) {
            y[yOffset + i] = Math.fma(factor, x[xOffset + i], y[yOffset + i]);
        }
    }

    /// y\[i\] *= factor.
    public static void scale(float factor, float[] y, int yOffset, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, y, yOffset + i).mul(factor).intoArray(y, yOffset + i);
        }
        for (; i < length; i++) {
            y[yOffset + i] *= factor;
        }
    }

    /// y\[i\] *= x\[i\].
    public static void multiply(float[] x, int xOffset, float[] y, int yOffset, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, y, yOffset + i)
                    .mul(FloatVector.fromArray(FLOATS, x, xOffset + i))
                    .intoArray(y, yOffset + i);
        }
        for (; i < length; i++) {
            y[yOffset + i] *= x[xOffset + i];
        }
    }

    /// y\[i\] = max(0, y\[i\] − cutoff).
    public static void cut(float cutoff, float[] y, int yOffset, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, y, yOffset + i).sub(cutoff).max(0).intoArray(y, yOffset + i);
        }
        for (; i < length; i++) {
            y[yOffset + i] = Math.max(0, y[yOffset + i] - cutoff);
        }
    }
}
