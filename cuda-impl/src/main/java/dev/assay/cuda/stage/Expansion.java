package dev.assay.cuda.stage;

import java.util.function.LongUnaryOperator;

/// Room for what latents are expanded to in passes of many tokens: keys and values of some heads at a time.
///
/// @param heads at a time
/// @param positions that are expanded at a time: a multiple of [LatentLauncher#KEYS], or all
/// @param rows of all positions
/// @param latents address of `[positions][latent]`, float32
/// @param products address of `[positions][heads · (nope + value)]`, float32
/// @param keys address of `[heads][2][rows][nope + rope]`, float16, widths rounded up to multiples of eight; or
///     `[heads][1]` of bfloat16, as [Activations] say
/// @param values address of `[heads][2][rows][value]`, likewise
/// @param units address of two float32 for each head and [LatentLauncher#KEYS] rows
record Expansion(int heads, int positions, int rows, long latents, long products, long keys, long values, long units) {
    /// More heads at a time fill a device no better.
    private static final int MOST_HEADS = 16;
    /// What these heads take at most, unless one takes more.
    private static final long MOST_BYTES = 256L << 20;
    /// Two float16 for each number at most.
    private static final int PARTS_BYTES = 2 * Short.BYTES;

    private static final int UNITS_BYTES = 2 * Float.BYTES;

    /// Heads of latent attention; of several layers the most of everything.
    record Shape(int heads, int latent, int nope, int rope, int valueWidth) {
        static final Shape NONE = new Shape(0, 0, 0, 0, 0);

        Shape or(Shape other) {
            return new Shape(
                    Math.max(heads, other.heads),
                    Math.max(latent, other.latent),
                    Math.max(nope, other.nope),
                    Math.max(rope, other.rope),
                    Math.max(valueWidth, other.valueWidth));
        }

        private long productBytes(int positions) {
            return (long) positions * (nope + valueWidth) * Float.BYTES;
        }

        private long keyBytes(int rows) {
            return (long) rows * eights(nope + rope) * PARTS_BYTES;
        }

        private long valueBytes(int rows) {
            return (long) rows * eights(valueWidth) * PARTS_BYTES;
        }

        private static long unitBytes(int rows) {
            return (long) Math.ceilDiv(rows, LatentLauncher.KEYS) * UNITS_BYTES;
        }

        private long bytes(int positions, int rows) {
            return productBytes(positions) + keyBytes(rows) + valueBytes(rows) + unitBytes(rows);
        }
    }

    private static int eights(int width) {
        return Math.ceilDiv(width, 8) * 8;
    }

    /// As many heads at a time as the room may take.
    ///
    /// @param rows positions of a context at most
    /// @param batch tokens of a pass at most: at least [LatentLauncher#KEYS], or all
    /// @param take gives memory of so many bytes
    static Expansion of(Shape shape, int rows, int batch, LongUnaryOperator take) {
        int positions = positions(rows, batch);
        long fitting = MOST_BYTES / Math.max(1, shape.bytes(positions, rows));
        int heads = Math.clamp(fitting, 1, Math.max(1, Math.min(MOST_HEADS, shape.heads)));
        return of(shape, heads, rows, batch, take);
    }

    /// So many heads at a time.
    static Expansion of(Shape shape, int heads, int rows, int batch, LongUnaryOperator take) {
        int positions = positions(rows, batch);
        return new Expansion(
                heads,
                positions,
                rows,
                take.applyAsLong((long) positions * shape.latent * Float.BYTES),
                take.applyAsLong(heads * shape.productBytes(positions)),
                take.applyAsLong(heads * shape.keyBytes(rows)),
                take.applyAsLong(heads * shape.valueBytes(rows)),
                take.applyAsLong(heads * Shape.unitBytes(rows)));
    }

    /// As many as a pass may have tokens, so that their products have room; but tiles do not end within.
    private static int positions(int rows, int batch) {
        return rows <= batch ? rows : batch / LatentLauncher.KEYS * LatentLauncher.KEYS;
    }
}
