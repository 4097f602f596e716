package dev.assay.vector.cache;

import dev.assay.engine.KvCacheType;
import dev.assay.vector.kernel.Tiles;

/// An array of cached numbers, as float32 or rounded to bfloat16.
final class Rounded {
    private final float[] floats;
    private final short[] halves;

    private Rounded(float[] floats, short[] halves) {
        this.floats = floats;
        this.halves = halves;
    }

    /// Room for `rows` rows of `width` numbers, and for what a tile reads beyond the last of them.
    static Rounded of(KvCacheType type, int rows, int width) {
        int numbers = Math.multiplyExact(rows + Tiles.ROWS, width);
        return switch (type) {
            case FLOAT32 -> new Rounded(new float[numbers], new short[0]);
            case BFLOAT16 -> new Rounded(new float[0], new short[numbers]);
        };
    }

    void store(float[] from, int fromOffset, int count, int at) {
        if (halves.length == 0) {
            System.arraycopy(from, fromOffset, floats, at, count);
            return;
        }
        for (int i = 0; i < count; i++) {
            halves[at + i] = bfloat16(from[fromOffset + i]);
        }
    }

    /// To nearest, ties to even; NaN stays NaN.
    static short bfloat16(float value) {
        int bits = Float.floatToRawIntBits(value);
        if (Float.isNaN(value)) {
            return (short) ((bits >>> 16) | 0x40);
        }
        return (short) ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16);
    }

    /// `count` numbers from `at` on: the array that holds them, or `scratch` after decoding them into it.
    float[] read(int at, int count, float[] scratch) {
        if (halves.length == 0) {
            return floats;
        }
        for (int i = 0; i < count; i++) {
            scratch[i] = Float.intBitsToFloat(halves[at + i] << 16);
        }
        return scratch;
    }

    /// Where in the array that [#read] returns the numbers from `at` on stand.
    int offset(int at) {
        return halves.length == 0 ? at : 0;
    }
}
