package dev.assay.vector.kernel;

import java.util.Random;
import java.util.stream.IntStream;

/// What kernels are paired with their twins on: lengths below, at and beyond whole vectors of every width, and numbers
/// from a named seed.
public final class Sizes {
    private static final int[] ALL = {1, 3, 4, 7, 8, 13, 16, 17, 31, 33, 64, 100, 127, 128, 207, 702, 4096, 4098};

    private Sizes() {}

    public static IntStream all() {
        return IntStream.of(ALL);
    }

    /// `count` normal numbers.
    public static float[] normal(int count, long seed) {
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
    /// independent, so their sum has a standard deviation of about terms · 2⁻²⁴ / √6. This is twenty of them,
    /// which leaves room for sums and products that are large by chance, and is far below one product.
    public static double tolerance(int terms) {
        return 8 * terms * 0x1p-24;
    }
}
