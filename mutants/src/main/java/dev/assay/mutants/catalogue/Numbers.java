package dev.assay.mutants.catalogue;

/// Numbers rounded as bugs round them.
final class Numbers {
    private Numbers() {}

    /// To the nearest bfloat16, ties to even.
    static float bfloat16(double x) {
        int bits = Float.floatToRawIntBits((float) x);
        return Float.intBitsToFloat((bits + 0x7fff + ((bits >>> 16) & 1)) & 0xffff0000);
    }

    static float[] bfloat16(float[] values) {
        float[] rounded = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            rounded[i] = bfloat16(values[i]);
        }
        return rounded;
    }

    /// Numbers below the smallest normal float16 become 0.
    static float[] flushed(float[] values) {
        float[] flushed = new float[values.length];
        for (int i = 0; i < values.length; i++) {
            flushed[i] = Math.abs(values[i]) < 0x1p-14f ? 0 : values[i];
        }
        return flushed;
    }
}
