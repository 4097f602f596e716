package dev.assay.vector.weight;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.assay.config.BlockSize;
import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Sizes;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every type and layout of weights against loops over its decoded elements. Segments end with the last element, so a
/// read beyond it is an exception.
class WeightMatrixTest {
    private static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat FLOAT =
            ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int ROWS = 11;

    enum Kind {
        F32,
        BF16,
        F16,
        FP8_WHOLE_BLOCKS,
        FP8_RAGGED_BLOCKS,
        COLUMNS_F32,
        COLUMNS_BF16,
        COLUMNS_F16
    }

    static Stream<Arguments> kindsAndSizes() {
        List<Arguments> all = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            Sizes.all().forEach(columns -> all.add(Arguments.of(kind, columns)));
        }
        return all.stream();
    }

    /// A matrix of normal numbers, rounded to its type.
    private static WeightMatrix matrix(Kind kind, int rows, int columns, Arena arena) {
        return switch (kind) {
            case F32 -> new Float32Matrix(floats(rows * columns, arena), rows, columns);
            case BF16 -> new BFloat16Matrix(bfloats(rows * columns, arena), rows, columns);
            case F16 -> new Float16Matrix(halves(rows * columns, arena), rows, columns);
            case FP8_WHOLE_BLOCKS -> fp8(rows, columns, new BlockSize(4, 4 * Lanes.LENGTH), arena);
            case FP8_RAGGED_BLOCKS -> fp8(rows, columns, new BlockSize(3, 5), arena);
            case COLUMNS_F32 -> {
                var stored = new Float32Matrix(floats((columns + 2) * (rows + 5), arena), columns + 2, rows + 5);
                yield new ColumnMajorMatrix(stored, 1, 3, rows, columns);
            }
            case COLUMNS_BF16 -> {
                var stored = new BFloat16Matrix(bfloats((columns + 2) * (rows + 5), arena), columns + 2, rows + 5);
                yield new ColumnMajorMatrix(stored, 1, 3, rows, columns);
            }
            case COLUMNS_F16 -> {
                var stored = new Float16Matrix(halves((columns + 2) * (rows + 5), arena), columns + 2, rows + 5);
                yield new ColumnMajorMatrix(stored, 1, 3, rows, columns);
            }
        };
    }

    /// `bytes` bytes that begin at an odd address.
    private static MemorySegment unaligned(long bytes, Arena arena) {
        return arena.allocate(bytes + 8, 8).asSlice(1, bytes);
    }

    private static MemorySegment floats(int count, Arena arena) {
        MemorySegment segment = unaligned(4L * count, arena);
        float[] values = Sizes.normal(count, 1);
        MemorySegment.copy(values, 0, segment, FLOAT, 0, count);
        return segment;
    }

    private static MemorySegment bfloats(int count, Arena arena) {
        MemorySegment segment = unaligned(2L * count, arena);
        float[] values = Sizes.normal(count, 2);
        for (int i = 0; i < count; i++) {
            segment.set(SHORT, 2L * i, (short) (Float.floatToRawIntBits(values[i]) >>> 16));
        }
        return segment;
    }

    private static MemorySegment halves(int count, Arena arena) {
        MemorySegment segment = unaligned(2L * count, arena);
        float[] values = Sizes.normal(count, 3);
        for (int i = 0; i < count; i++) {
            // Every ninth is subnormal.
            segment.set(SHORT, 2L * i, Float.floatToFloat16(i % 9 == 0 ? values[i] * 1e-6f : values[i]));
        }
        return segment;
    }

    private static WeightMatrix fp8(int rows, int columns, BlockSize block, Arena arena) {
        MemorySegment segment = unaligned((long) rows * columns, arena);
        Random random = new Random(4);
        for (long i = 0; i < (long) rows * columns; i++) {
            int code = random.nextInt(256);
            segment.set(ValueLayout.JAVA_BYTE, i, (byte) ((code & 0x7f) == 0x7f ? 0 : code));
        }
        int blocks = Math.ceilDiv(rows, block.rows()) * Math.ceilDiv(columns, block.columns());
        float[] scales = Sizes.normal(blocks, 5);
        for (int i = 0; i < blocks; i++) {
            scales[i] /= 128;
        }
        return new Float8Matrix(segment, rows, columns, scales, block);
    }

    private static double[][] decoded(WeightMatrix w) {
        double[][] all = new double[w.rows()][w.columns()];
        float[] row = new float[w.columns()];
        for (int r = 0; r < w.rows(); r++) {
            w.decode(r, 0, w.columns(), row, 0);
            for (int c = 0; c < w.columns(); c++) {
                all[r][c] = row[c];
            }
        }
        return all;
    }

    private static Operand operand(WeightMatrix w, float[] x) {
        Operand operand = new Operand(x.length);
        operand.set(x);
        operand.prepare(w.operandPhases(), x.length);
        return operand;
    }

    /// Weights of any kind are of order 1, so the tolerance is that of normal numbers.
    @ParameterizedTest
    @MethodSource("kindsAndSizes")
    void productsAreLoopsOverElements(Kind kind, int columns) {
        try (Arena arena = Arena.ofConfined()) {
            WeightMatrix w = matrix(kind, ROWS, columns, arena);
            double[][] elements = decoded(w); // [ROWS][columns]
            Scratch scratch = new Scratch(Math.max(columns, ROWS) + 7);
            double tolerance = 2 * Sizes.tolerance(columns);

            float[] x = Sizes.normal(columns, 6);
            float[] y = new float[ROWS + 1];
            w.multiply(0, 2, operand(w, x), y, 1, scratch);
            w.multiply(2, ROWS, operand(w, x), y, 1, scratch);
            for (int r = 0; r < ROWS; r++) {
                double expected = 0;
                for (int c = 0; c < columns; c++) {
                    expected += elements[r][c] * x[c];
                }
                assertThat((double) y[r + 1]).as("row %d", r).isCloseTo(expected, within(tolerance));
            }

            int tokens = Lanes.LENGTH + 2;
            float[] panels = new float[Panels.lanes(tokens) * columns];
            float[] many = Sizes.normal(tokens * columns, 7);
            int[] inOrder = new int[tokens];
            for (int t = 0; t < tokens; t++) {
                inOrder[t] = t;
            }
            for (int p = 0; p < Panels.count(tokens); p++) {
                int start = Panels.start(p, tokens);
                int lanes = Panels.vectors(p, tokens) * Lanes.LENGTH;
                Panels.pack(
                        many,
                        0,
                        columns,
                        inOrder,
                        start,
                        Panels.tokens(p, tokens),
                        0,
                        columns,
                        panels,
                        start * columns,
                        lanes);
            }
            float[] products = new float[tokens * ROWS];
            Product.multiply(w, 0, 6, panels, tokens, products, 0, ROWS, scratch);
            Product.multiply(w, 6, ROWS, panels, tokens, products, 0, ROWS, scratch);
            for (int t = 0; t < tokens; t++) {
                for (int r = 0; r < ROWS; r++) {
                    double expected = 0;
                    for (int c = 0; c < columns; c++) {
                        expected += elements[r][c] * many[t * columns + c];
                    }
                    assertThat((double) products[t * ROWS + r])
                            .as("token %d, row %d", t, r)
                            .isCloseTo(expected, within(tolerance));
                }
            }

            for (int column : new int[] {0, columns / 3}) {
                int width = columns - column;
                float[] transposed = new float[width + 2];
                float[] weights = Sizes.normal(ROWS + 1, 8);
                w.multiplyTransposed(1, ROWS - 2, column, width, weights, 1, transposed, 2, scratch);
                for (int c = 0; c < width; c++) {
                    double expected = 0;
                    for (int r = 0; r < ROWS - 2; r++) {
                        expected += elements[1 + r][column + c] * weights[1 + r];
                    }
                    assertThat((double) transposed[c + 2])
                            .as("column %d", column + c)
                            .isCloseTo(expected, within(tolerance));
                }
            }
        }
    }

    /// Every code of 16 bits, in every phase, multiplied by one: the product is the number itself, or not a number.
    @Test
    void everySixteenBitCodeIsExact() {
        int columns = 2 * Lanes.LENGTH;
        try (Arena arena = Arena.ofConfined()) {
            for (int half = 0; half < 2; half++) {
                MemorySegment codes = unaligned(2L * 65536 * columns, arena);
                for (int code = 0; code < 65536; code++) {
                    codes.set(SHORT, 2L * (code * columns + half), (short) code);
                }
                float[] one = new float[columns];
                one[half] = 1;
                Scratch scratch = new Scratch(65536);
                float[] y = new float[65536];
                WeightMatrix bfloat16 = new BFloat16Matrix(codes, 65536, columns);
                bfloat16.multiply(0, 65536, operand(bfloat16, one), y, 0, scratch);
                for (int code = 0; code < 65536; code++) {
                    assertSame(y[code], Float.intBitsToFloat(code << 16), code);
                }
                WeightMatrix float16 = new Float16Matrix(codes, 65536, columns);
                float16.multiply(0, 65536, operand(float16, one), y, 0, scratch);
                for (int code = 0; code < 65536; code++) {
                    assertSame(y[code], Float.float16ToFloat((short) code), code);
                }
            }
        }
    }

    @Test
    void everyEightBitCodeIsExact() {
        int columns = 4 * Lanes.LENGTH;
        try (Arena arena = Arena.ofConfined()) {
            for (int quarter = 0; quarter < 4; quarter++) {
                MemorySegment codes = unaligned(256L * columns, arena);
                for (int code = 0; code < 256; code++) {
                    codes.set(ValueLayout.JAVA_BYTE, (long) code * columns + quarter, (byte) code);
                }
                float[] one = new float[columns];
                one[quarter] = 1;
                WeightMatrix fp8 =
                        new Float8Matrix(codes, 256, columns, new float[] {0.5f}, new BlockSize(256, columns));
                float[] y = new float[256];
                fp8.multiply(0, 256, operand(fp8, one), y, 0, new Scratch(256));
                float[] decoded = new float[1];
                for (int code = 0; code < 256; code++) {
                    assertSame(y[code], e4m3(code) / 2, code);
                    fp8.decode(code, quarter, 1, decoded, 0);
                    assertSame(decoded[0], e4m3(code) / 2, code);
                }
            }
        }
    }

    @Test
    void everyEightBitCodeIsDecodedExactlyWithinARow() {
        try (Arena arena = Arena.ofConfined()) {
            // NaN of either sign is left out first: a row with one goes another way.
            for (boolean withNaN : new boolean[] {false, true}) {
                MemorySegment codes = unaligned(263, arena);
                for (int k = 0; k < 263; k++) {
                    int code = k & 0xff;
                    codes.set(ValueLayout.JAVA_BYTE, k, (byte) ((code & 0x7f) == 0x7f && !withNaN ? 0 : code));
                }
                WeightMatrix fp8 = new Float8Matrix(codes, 1, 263, new float[] {0.5f}, new BlockSize(1, 512));
                float[] decoded = new float[263];
                fp8.decode(0, 0, 263, decoded, 0);
                for (int k = 0; k < 263; k++) {
                    int code = codes.get(ValueLayout.JAVA_BYTE, k) & 0xff;
                    assertThat(Float.floatToIntBits(decoded[k]))
                            .as("code %d", code)
                            .isEqualTo(Float.floatToIntBits(e4m3(code) / 2));
                }
            }
        }
    }

    @Test
    void anEightBitNaNReachesItsColumnOfATransposedProductAlone() {
        int columns = 4 * Lanes.LENGTH;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment codes = unaligned(3L * columns, arena);
            codes.set(ValueLayout.JAVA_BYTE, columns + 5, (byte) 0x7f);
            WeightMatrix fp8 = new Float8Matrix(codes, 3, columns, new float[] {1}, new BlockSize(3, columns));
            float[] y = new float[columns];
            fp8.multiplyTransposed(0, 3, 0, columns, new float[] {1, 1, 1}, 0, y, 0, new Scratch(columns));
            for (int k = 0; k < columns; k++) {
                assertThat(Float.isNaN(y[k])).as("column %d", k).isEqualTo(k == 5);
            }
        }
    }

    /// As OCP's 8-bit floating point specification has it, section 5.3.
    private static float e4m3(int code) {
        int exponent = code >> 3 & 15;
        int fraction = code & 7;
        if (exponent == 15 && fraction == 7) {
            return Float.NaN;
        }
        double magnitude =
                exponent == 0 ? fraction / 8.0 * Math.pow(2, -6) : (1 + fraction / 8.0) * Math.pow(2, exponent - 7);
        return (float) (code < 128 ? magnitude : -magnitude);
    }

    /// Equal as numbers; sums of one number and zeros lose nothing but the sign of zero.
    private static void assertSame(float actual, float expected, int code) {
        if (Float.isNaN(expected)) {
            assertThat(actual).as("code %d", code).isNaN();
        } else if (Float.isInfinite(expected)) {
            // Infinity times the zeros beside it is not a number.
            assertThat(Float.isFinite(actual)).as("code %d", code).isFalse();
        } else {
            assertThat(actual).as("code %d", code).isEqualTo(expected + 0f);
        }
    }
}
