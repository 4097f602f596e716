package dev.assay.cuda.stage;

/// Numbers as kernels round them.
final class RoundedNumbers {
    private RoundedNumbers() {}

    /// The nearest bfloat16, of two the even one.
    static float bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        return Float.intBitsToFloat((bits + 0x7fff + (bits >>> 16 & 1)) & 0xffff0000);
    }
}
