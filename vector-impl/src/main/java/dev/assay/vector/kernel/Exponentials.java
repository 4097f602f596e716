package dev.assay.vector.kernel;

import static dev.assay.vector.kernel.Lanes.BY_2;
import static dev.assay.vector.kernel.Lanes.BY_4;
import static dev.assay.vector.kernel.Lanes.BY_8;
import static dev.assay.vector.kernel.Lanes.FLOATS;
import static dev.assay.vector.kernel.Lanes.LENGTH;

import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;

/// exp and what is made of it.
///
/// x = n·ln 2 + r with |r| ≤ ln 2 / 2, and exp(x) = 2ⁿ·exp(r), where exp(r) is its Taylor series up to r⁷: the first
/// term left out is below 6·10⁻⁹ of the sum, a tenth of an ulp.
public final class Exponentials {
    private static final float LOG2_E = (float) (1 / Math.log(2));
    /// ln 2 in two parts: the first has few enough digits that n times it is exact.
    private static final float LN_2_HIGH = 0x1.63p-1f;
    private static final float LN_2_LOW = (float) (Math.log(2) - LN_2_HIGH);
    /// 1.5·2²³: adding it leaves a float's integer part in the low bits.
    private static final float SHIFTER = 12582912f;
    private static final int SHIFTER_BITS = Float.floatToRawIntBits(SHIFTER);
    /// exp of it and of anything below rounds to 0; arguments below count as this.
    private static final float LEAST = -104;
    /// Above, 2ⁿ is infinite; arguments count as this.
    private static final float MOST = 88;
    private static final float THIRD_FACTORIAL = 1f / 6;
    private static final float FOURTH_FACTORIAL = 1f / 24;
    private static final float FIFTH_FACTORIAL = 1f / 120;
    private static final float SIXTH_FACTORIAL = 1f / 720;
    private static final float SEVENTH_FACTORIAL = 1f / 5040;

    private Exponentials() {}

    /// x\[i\] = exp(x\[i\] − shift), bounded by 1.7·10³⁸. NaN stays NaN.
    ///
    /// 2ⁿ is multiplied in two halves, each a normal number, so that small results become subnormal and then 0.
    ///
    /// @return their sum
    public static float exp(float[] x, int offset, int length, float shift) {
        FloatVector sums = FloatVector.zero(FLOATS);
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector bounded = FloatVector.fromArray(FLOATS, x, offset + i)
                    .sub(shift)
                    .max(LEAST)
                    .min(MOST);
            FloatVector shifted =
                    bounded.fma(FloatVector.broadcast(FLOATS, LOG2_E), FloatVector.broadcast(FLOATS, SHIFTER));
            FloatVector n = shifted.sub(SHIFTER);
            FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN_2_HIGH), bounded);
            r = n.fma(FloatVector.broadcast(FLOATS, -LN_2_LOW), r);
            FloatVector series = r.fma(
                    FloatVector.broadcast(FLOATS, SEVENTH_FACTORIAL), FloatVector.broadcast(FLOATS, SIXTH_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, FIFTH_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, FOURTH_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, THIRD_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
            series = series.fma(r, FloatVector.broadcast(FLOATS, 1));
            series = series.fma(r, FloatVector.broadcast(FLOATS, 1));
            IntVector exponent = shifted.reinterpretAsInts().sub(SHIFTER_BITS);
            IntVector half = exponent.lanewise(VectorOperators.ASHR, 1);
            FloatVector first = half.add(127).lanewise(VectorOperators.LSHL, 23).reinterpretAsFloats();
            FloatVector second = exponent.sub(half)
                    .add(127)
                    .lanewise(VectorOperators.LSHL, 23)
                    .reinterpretAsFloats();
            FloatVector result = series.mul(first).mul(second);
            result.intoArray(x, offset + i);
            sums = sums.add(result);
        }
        FloatVector all = sums;
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
            x[offset + i] = exp(x[offset + i] - shift);
            sum += x[offset + i];
        }
        return sum;
    }

    /// As a lane of [#exp(float\[\], int, int, float)] computes it.
    private static float exp(float argument) {
        float bounded = Math.min(Math.max(argument, LEAST), MOST);
        float shifted = Math.fma(bounded, LOG2_E, SHIFTER);
        float n = shifted - SHIFTER;
        float r = Math.fma(n, -LN_2_LOW, Math.fma(n, -LN_2_HIGH, bounded));
        float series = Math.fma(r, SEVENTH_FACTORIAL, SIXTH_FACTORIAL);
        series = Math.fma(series, r, FIFTH_FACTORIAL);
        series = Math.fma(series, r, FOURTH_FACTORIAL);
        series = Math.fma(series, r, THIRD_FACTORIAL);
        series = Math.fma(series, r, 0.5f);
        series = Math.fma(series, r, 1);
        series = Math.fma(series, r, 1);
        int exponent = Float.floatToRawIntBits(shifted) - SHIFTER_BITS;
        int half = exponent >> 1;
        return series * Float.intBitsToFloat((half + 127) << 23) * Float.intBitsToFloat((exponent - half + 127) << 23);
    }

    /// y\[i\] = bound·tanh(y\[i\] / bound), by way of exp(2z) − 1, which keeps all digits of small z.
    public static void boundByTanh(float bound, float[] y, int offset, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            // tanh(15) is 1 in float32.
            FloatVector twice = FloatVector.fromArray(FLOATS, y, offset + i)
                    .mul(2 / bound)
                    .max(-30)
                    .min(30);
            FloatVector shifted =
                    twice.fma(FloatVector.broadcast(FLOATS, LOG2_E), FloatVector.broadcast(FLOATS, SHIFTER));
            FloatVector n = shifted.sub(SHIFTER);
            FloatVector r = n.fma(FloatVector.broadcast(FLOATS, -LN_2_HIGH), twice);
            r = n.fma(FloatVector.broadcast(FLOATS, -LN_2_LOW), r);
            FloatVector series = r.fma(
                    FloatVector.broadcast(FLOATS, SEVENTH_FACTORIAL), FloatVector.broadcast(FLOATS, SIXTH_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, FIFTH_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, FOURTH_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, THIRD_FACTORIAL));
            series = series.fma(r, FloatVector.broadcast(FLOATS, 0.5f));
            FloatVector lessOne = r.mul(r).fma(series, r); // exp(r) − 1
            FloatVector power = shifted.reinterpretAsInts()
                    .sub(SHIFTER_BITS - 127)
                    .lanewise(VectorOperators.LSHL, 23)
                    .reinterpretAsFloats();
            FloatVector e = lessOne.fma(power, power.sub(1)); // exp(2z) − 1
            e.div(e.add(2)).mul(bound).intoArray(y, offset + i);
        }
        for (; i < length; i++) {
            y[offset + i] = (float) (bound * Math.tanh(y[offset + i] / (double) bound));
        }
    }

    /// into\[i\] = −x\[i\].
    static void negate(float[] x, int xOffset, float[] into, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, x, xOffset + i).neg().intoArray(into, i);
        }
        for (; i < length; i++) {
            into[i] = -x[xOffset + i];
        }
    }

    /// into\[i\] = a·x\[i\] + b·x\[i\]³.
    static void cubic(float a, float b, float[] x, int xOffset, float[] into, int length) {
        FloatVector linear = FloatVector.broadcast(FLOATS, a);
        FloatVector third = FloatVector.broadcast(FLOATS, b);
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector v = FloatVector.fromArray(FLOATS, x, xOffset + i);
            v.mul(v).fma(third, linear).mul(v).intoArray(into, i);
        }
        for (; i < length; i++) {
            float v = x[xOffset + i];
            into[i] = Math.fma(v * v, b, a) * v;
        }
    }

    /// x\[i\] = x\[i\] / (1 + e\[i\]).
    static void overOnePlus(float[] e, float[] x, int xOffset, int length) {
        int i = 0;
        for (; i <= length - LENGTH; i += LENGTH) {
            FloatVector.fromArray(FLOATS, x, xOffset + i)
                    .div(FloatVector.fromArray(FLOATS, e, i).add(1))
                    .intoArray(x, xOffset + i);
        }
        for (; i < length; i++) {
            x[xOffset + i] /= 1 + e[i];
        }
    }
}
