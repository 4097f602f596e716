package dev.assay.checkpoint;

import java.nio.ByteBuffer;

/// Blocks of 32 numbers as ggml's Q8_0 stores them: a float16 scale d, then 32 signed bytes q; a number is d · q.
///
/// Source: `quantize_row_q8_0_ref` of ggml's `ggml-quants.c`. q is made with the scale before it is rounded to float16.
public final class Q8Blocks {
    /// Numbers of a block.
    public static final int NUMBERS = 32;

    /// Bytes of a block.
    public static final int BYTES = Short.BYTES + NUMBERS;

    private Q8Blocks() {}

    /// Appends numbers of whole blocks. The buffer must be little-endian.
    public static void encode(float[] numbers, ByteBuffer into) {
        for (int from = 0; from < numbers.length; from += NUMBERS) {
            float scale = scale(numbers, from);
            float inverse = inverse(scale);
            into.putShort(Float.floatToFloat16(scale));
            for (int i = from; i < from + NUMBERS; i++) {
                into.put(quant(numbers[i] * inverse));
            }
        }
    }

    /// Puts what blocks keep in the place of the first `count` numbers, which are whole blocks: d · q, which
    /// float32 holds exactly. What they keep, they keep again.
    static void round(float[] numbers, int count) {
        for (int from = 0; from < count; from += NUMBERS) {
            float scale = scale(numbers, from);
            float inverse = inverse(scale);
            float stored = Float.float16ToFloat(Float.floatToFloat16(scale));
            for (int i = from; i < from + NUMBERS; i++) {
                numbers[i] = stored * quant(numbers[i] * inverse);
            }
        }
    }

    private static float scale(float[] numbers, int from) {
        float largest = 0;
        for (int i = from; i < from + NUMBERS; i++) {
            largest = Math.max(largest, Math.abs(numbers[i]));
        }
        return largest / 127;
    }

    private static float inverse(float scale) {
        return scale == 0 ? 0 : 1 / scale;
    }

    /// C's roundf: ties away from zero. Adding 0.5 in double is exact here.
    private static byte quant(float quotient) {
        return (byte) (Math.signum(quotient) * Math.floor(Math.abs((double) quotient) + 0.5));
    }
}
