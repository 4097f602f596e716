package dev.assay.checkpoint;

/// Rounds a double to a narrow floating-point type in one step, to nearest, ties to even, subnormals kept.
///
/// Going through float32 would round twice: 1 + 2⁻⁸ + 2⁻³⁰ would first lose its last bit, and then be a tie that
/// goes down to the bf16 number 1 instead of up to 1 + 2⁻⁷.
public final class Encoding {
    private static final int DOUBLE_MANTISSA = 52;
    private static final int DOUBLE_BIAS = 1023;

    private static final int F8_LARGEST = 0x7e;

    private Encoding() {}

    static int float32(double value) {
        return Float.floatToRawIntBits((float) value);
    }

    /// Infinite from halfway beyond the largest number.
    public static short bfloat16(double value) {
        // Twice as fast as by magnitude(), and most weights are bf16. Through float32 only what lands on the middle
        // between
        // two bf16 numbers can go wrong: it is moved back to the side that it comes from.
        int bits = Float.floatToRawIntBits((float) value);
        if ((bits & 0xffff) == 0x8000) {
            double beyond = Math.abs(value) - Math.abs((double) (float) value);
            bits += beyond > 0 ? 1 : beyond < 0 ? -1 : 0;
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /// Infinite from halfway beyond 65504.
    static short float16(double value) {
        int magnitude = Math.min(magnitude(value, 10, 15), 0x7c00);
        return (short) (magnitude | sign(value, 15));
    }

    /// ±448 beyond the range, as the type has no infinity.
    static byte f8e4m3(double value) {
        int magnitude = Math.min(magnitude(value, 3, 7), F8_LARGEST);
        return (byte) (magnitude | sign(value, 7));
    }

    private static int sign(double value, int bit) {
        return (int) (Double.doubleToRawLongBits(value) >>> 63) << bit;
    }

    /// Exponent and mantissa bits of |value| in a type with that many bits of mantissa, as if exponents had no
    /// upper end short of an int. The value must not be NaN.
    private static int magnitude(double value, int mantissaBits, int bias) {
        long bits = Double.doubleToRawLongBits(value) & Long.MAX_VALUE;
        if (bits >>> DOUBLE_MANTISSA > DOUBLE_BIAS - bias) {
            // Normal in the target. A carry out of the mantissa goes on into the exponent, as it should.
            int dropped = DOUBLE_MANTISSA - mantissaBits;
            long half = (1L << (dropped - 1)) - 1 + ((bits >>> dropped) & 1);
            return (int) ((bits + half) >>> dropped) - ((DOUBLE_BIAS - bias) << mantissaBits);
        }
        // Subnormal in the target: a whole multiple of its smallest number. Scaling by a power of two is exact, and
        // rint
        // rounds ties to even.
        return (int) Math.rint(Math.scalb(Math.abs(value), bias - 1 + mantissaBits));
    }
}
