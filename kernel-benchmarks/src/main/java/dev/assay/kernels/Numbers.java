package dev.assay.kernels;

import dev.assay.checkpoint.BlockScales;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.BlockSize;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import java.util.Random;
import org.jspecify.annotations.Nullable;

/// Operands: numbers from a named seed.
final class Numbers {
    /// As published FP8 checkpoints have it.
    private static final BlockSize BLOCK = new BlockSize(128, 128);

    private static final ValueLayout.OfFloat FLOAT = ValueLayout.JAVA_FLOAT;
    private static final ValueLayout.OfShort SHORT = ValueLayout.JAVA_SHORT;

    private Numbers() {}

    /// `count` normal numbers.
    static float[] normal(int count, long seed) {
        Random random = new Random(seed);
        float[] x = new float[count];
        for (int i = 0; i < count; i++) {
            x[i] = (float) random.nextGaussian();
        }
        return x;
    }

    /// How far a sum of `terms` float32 products of normal numbers may be from the exact one.
    ///
    /// The k-th partial sum is about √k, and adding to it rounds by up to 2⁻²⁴ of that. Such errors are
    /// independent, so their sum has a standard deviation of about terms · 2⁻²⁴ / √6. This is twenty of them.
    static double toleranceOfSum(int terms) {
        return 8 * terms * 0x1p-24;
    }

    /// A matrix of about normal numbers, `[rows][columns]`, off the heap; FP8 in blocks with a scale each.
    static Tensor matrix(ElementType type, int rows, int columns, long seed) {
        float[] values = normal(Math.multiplyExact(rows, columns), seed);
        MemorySegment data = Arena.ofAuto().allocate((long) values.length * type.bytes(), 64);
        for (int i = 0; i < values.length; i++) {
            switch (type) {
                case F32 -> data.setAtIndex(FLOAT, i, values[i]);
                case BF16 -> data.setAtIndex(SHORT, i, (short) (Float.floatToRawIntBits(values[i]) >>> 16));
                case F16 -> data.setAtIndex(SHORT, i, Float.floatToFloat16(values[i]));
                // Sign, and codes 0 to 0x3f: below 2 in magnitude.
                case F8_E4M3 -> data.set(ValueLayout.JAVA_BYTE, i, (byte) (Float.floatToRawIntBits(values[i]) & 0xbf));
                case F64, I64, I32 ->
                    throw new IllegalArgumentException(
                            "dtype: expected one with a kernel, F32, BF16," + " F16 or F8_E4M3, found " + type);
            }
        }
        return new Tensor(
                new TensorInfo("weight", type, List.of(rows, columns)),
                data,
                type == ElementType.F8_E4M3 ? scales(rows, columns, seed + 1) : null);
    }

    private static @Nullable BlockScales scales(int rows, int columns, long seed) {
        int count = Math.ceilDiv(rows, BLOCK.rows()) * Math.ceilDiv(columns, BLOCK.columns());
        Random random = new Random(seed);
        MemorySegment scales = Arena.ofAuto().allocate(FLOAT, count);
        for (int i = 0; i < count; i++) {
            scales.setAtIndex(FLOAT, i, 0.5f + random.nextFloat() / 2);
        }
        return new BlockScales(scales, BLOCK);
    }

    /// Rows one after another.
    static float[] flat(float[][] rows) {
        int width = rows[0].length;
        float[] flat = new float[rows.length * width];
        for (int r = 0; r < rows.length; r++) {
            System.arraycopy(rows[r], 0, flat, r * width, width);
        }
        return flat;
    }

    /// `flat` in rows of `width` numbers.
    static float[][] rows(float[] flat, int width) {
        float[][] rows = new float[flat.length / width][width];
        for (int r = 0; r < rows.length; r++) {
            System.arraycopy(flat, r * width, rows[r], 0, width);
        }
        return rows;
    }
}
