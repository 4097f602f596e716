package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.config.BlockSize;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class DecodingTest {
    @Test
    void everyCodeOfF8E4M3IsExact() {
        Tensor codes = allCodes(ElementType.F8_E4M3);
        for (int code = 0; code < 256; code++) {
            double expected = (code & 0x7f) == 0x7f ? Double.NaN : value(code, 4, 3, 7);
            assertThat(codes.at(code)).as("0x%02x", code).isEqualTo(Float.valueOf((float) expected));
            assertThat(codes.doubleAt(code)).as("0x%02x", code).isEqualTo(Double.valueOf(expected));
        }
        assertThat(codes.at(0x7e)).isEqualTo(448);
        assertThat(codes.at(0x01)).isEqualTo(0x1p-9f);
        assertThat(codes.at(0x80)).isEqualTo(-0f);
    }

    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16"})
    void everyCodeOfSixteenBitsIsExact(ElementType type) {
        int exponentBits = type == ElementType.F16 ? 5 : 8;
        int mantissaBits = 15 - exponentBits;
        int bias = type == ElementType.F16 ? 15 : 127;
        Tensor codes = allCodes(type);
        float[] vector = codes.toVector();
        for (int code = 0; code < 65_536; code++) {
            boolean special = (code >> mantissaBits & (1 << exponentBits) - 1) == (1 << exponentBits) - 1;
            double sign = code < 0x8000 ? 1 : -1;
            double expected = !special
                    ? value(code, exponentBits, mantissaBits, bias)
                    : (code & (1 << mantissaBits) - 1) == 0 ? sign * Double.POSITIVE_INFINITY : Double.NaN;
            if (Float.compare(codes.at(code), (float) expected) != 0
                    || Float.compare(vector[code], (float) expected) != 0
                    || Double.compare(codes.doubleAt(code), expected) != 0) {
                assertThat(codes.at(code)).as("0x%04x", code).isEqualTo((float) expected);
                throw new AssertionError("0x%04x: expected %s, found %s as a vector and %s as a double"
                        .formatted(code, expected, vector[code], codes.doubleAt(code)));
            }
        }
    }

    /// Sign, exponent and mantissa by the definition of IEEE 754, for codes that are numbers.
    private static double value(int code, int exponentBits, int mantissaBits, int bias) {
        int exponent = code >> mantissaBits & (1 << exponentBits) - 1;
        double mantissa = (code & (1 << mantissaBits) - 1) / (double) (1 << mantissaBits);
        double magnitude =
                exponent == 0 ? Math.pow(2, 1 - bias) * mantissa : Math.pow(2, exponent - bias) * (1 + mantissa);
        return code >> (exponentBits + mantissaBits) == 0 ? magnitude : -magnitude;
    }

    private static Tensor allCodes(ElementType type) {
        int count = type.bytes() == 1 ? 256 : 65_536;
        ByteBuffer codes = ByteBuffer.allocate(count * type.bytes()).order(ByteOrder.LITTLE_ENDIAN);
        for (int code = 0; code < count; code++) {
            if (type.bytes() == 1) {
                codes.put((byte) code);
            } else {
                codes.putShort((short) code);
            }
        }
        return new Tensor(new TensorInfo("codes", type, List.of(count)), MemorySegment.ofArray(codes.array()), null);
    }

    @Test
    void float64IsRoundedToFloat32() {
        Tensor tensor = new Tensor(
                new TensorInfo("x", ElementType.F64, List.of(2)),
                MemorySegment.ofArray(new double[] {0.1, 1e300}),
                null);

        assertThat(tensor.toVector()).containsExactly(0.1f, Float.POSITIVE_INFINITY);
        assertThat(tensor.doubleAt(1)).isEqualTo(1e300);
        assertThat(tensor.firstNotFinite()).isEqualTo(1);
    }

    @Test
    void blockScalesReachRaggedEdges() {
        // Blocks of 3 × 4 on 7 × 10: the last ones have 1 row and 2 columns.
        int rows = 7;
        int columns = 10;
        SplittableRandom random = new SplittableRandom(1);
        byte[] codes = new byte[rows * columns];
        for (int i = 0; i < codes.length; i++) {
            codes[i] = (byte) random.nextInt(0x7f);
        }
        float[] scales = new float[3 * 3];
        for (int i = 0; i < scales.length; i++) {
            scales[i] = random.nextFloat(0.001f, 1);
        }
        TensorInfo info = new TensorInfo("x", ElementType.F8_E4M3, List.of(rows, columns));
        Tensor plain = new Tensor(info, MemorySegment.ofArray(codes), null);
        Tensor scaled =
                new Tensor(info, plain.data(), new BlockScales(MemorySegment.ofArray(scales), new BlockSize(3, 4)));

        float[][] matrix = scaled.toMatrix();
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < columns; c++) {
                float scale = scales[r / 3 * 3 + c / 4];
                long index = (long) r * columns + c;
                double exact = (double) plain.at(index) * scale;
                assertThat(scaled.doubleAt(index)).isEqualTo(exact);
                assertThat(scaled.at(index)).isEqualTo((float) exact);
                assertThat(matrix[r][c]).isEqualTo((float) exact);
                assertThat(scaled.row(r)[c]).isEqualTo((float) exact);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F64", "F32", "F16", "BF16", "F8_E4M3"})
    void matrixVectorAndRowAgreeWithSingleElements(ElementType type) {
        int rows = 5;
        int columns = 9_001; // Longer than the pieces that checks read.
        byte[] bytes = new byte[rows * columns * type.bytes()];
        new SplittableRandom(2).nextBytes(bytes);
        Tensor matrix =
                new Tensor(new TensorInfo("m", type, List.of(rows, columns)), MemorySegment.ofArray(bytes), null);
        Tensor vector =
                new Tensor(new TensorInfo("v", type, List.of(rows * columns)), MemorySegment.ofArray(bytes), null);

        float[] expected = new float[rows * columns];
        int firstNotFinite = -1;
        for (int i = expected.length - 1; i >= 0; i--) {
            expected[i] = matrix.at(i);
            firstNotFinite = Float.isFinite(expected[i]) ? firstNotFinite : i;
        }
        // Compared by bits, as some are NaN.
        assertThat(Arrays.equals(vector.toVector(), expected)).isTrue();
        float[][] decoded = matrix.toMatrix();
        for (int r = 0; r < rows; r++) {
            float[] row = Arrays.copyOfRange(expected, r * columns, (r + 1) * columns);
            assertThat(Arrays.equals(decoded[r], row)).isTrue();
            assertThat(Arrays.equals(matrix.row(r), row)).isTrue();
        }
        assertThat(matrix.firstNotFinite()).isEqualTo(firstNotFinite);
        assertThat(vector.firstNotFinite()).isEqualTo(firstNotFinite);
    }

    @Test
    void notFiniteElementIsFoundWhereverItIs() {
        float[] elements = new float[20_000];
        Tensor tensor = new Tensor(
                new TensorInfo("x", ElementType.F32, List.of(elements.length)), MemorySegment.ofArray(elements), null);
        assertThat(tensor.firstNotFinite()).isEqualTo(-1);
        for (int i : new int[] {0, 8191, 8192, 19_999}) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
                elements[i] = bad;
                assertThat(tensor.firstNotFinite()).isEqualTo(i);
                elements[i] = Float.MAX_VALUE;
                assertThat(tensor.firstNotFinite()).isEqualTo(-1);
            }
        }
    }

    @Test
    void rankAndTypeMustFitTheQuestion() {
        Tensor integers = new Tensor(
                new TensorInfo("ids", ElementType.I32, List.of(2)), MemorySegment.ofArray(new int[] {-1, 7}), null);
        assertThat(integers.longAt(0)).isEqualTo(-1);
        assertThat(integers.longAt(1)).isEqualTo(7);
        assertThat(integers.firstNotFinite()).isEqualTo(-1);
        assertThatThrownBy(integers::toVector)
                .isInstanceOf(CheckpointException.class)
                .hasMessage("ids: elements of type I32 are not floating-point numbers");

        Tensor vector = new Tensor(
                new TensorInfo("x", ElementType.F32, List.of(2)), MemorySegment.ofArray(new float[] {1, 2}), null);
        assertThatThrownBy(vector::toMatrix)
                .isInstanceOf(CheckpointException.class)
                .hasMessage("x: expected 2 dimension(s), found [2]");
        assertThatThrownBy(() -> vector.longAt(0))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("x: expected integers, found elements of type F32");
        assertThatThrownBy(() -> vector.at(2)).isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> vector.at(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }

    @ParameterizedTest
    @CsvSource({"1048576, 1048576, 4194324", "2147483647, 0, 40960", "2147483647, 1, 49152"})
    void matrixBeyondTheHeapSaysSo(int rows, int columns, int mebibytes) {
        // Refused before it is read, so there need be no data.
        Tensor tensor = new Tensor(
                new TensorInfo("big", ElementType.BF16, List.of(rows, columns)),
                MemorySegment.ofArray(new byte[0]),
                null);

        assertThatThrownBy(tensor::toMatrix)
                .isInstanceOf(CheckpointException.class)
                .hasMessageMatching(
                        "big: \\[%d\\]\\[%d\\] takes %d MiB as float32, the heap is limited to \\d+ MiB: raise it with -Xmx"
                                .formatted(rows, columns, mebibytes));
    }

    @Test
    void littleEndianWhateverTheMachine() {
        MemorySegment bytes = MemorySegment.ofArray(new byte[] {0, 0, (byte) 0x80, 0x3f});
        assertThat(bytes.get(ValueLayout.JAVA_BYTE, 3)).isEqualTo((byte) 0x3f);
        assertThat(new Tensor(new TensorInfo("x", ElementType.F32, List.of(1)), bytes, null).at(0))
                .isEqualTo(1);
    }
}
