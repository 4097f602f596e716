package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

class EncodingTest {
    @Test
    void roundingAgreesWithThePythonGenerator() {
        int compared = 0;
        for (JsonNode type : Fixtures.json("synthesis/vectors.json").get("rounding")) {
            ElementType elementType = ElementType.valueOf(type.get("dtype").asString());
            for (int i = 0; i < type.get("double").size(); i++) {
                String bits = type.get("double").get(i).asString();
                double value = Double.longBitsToDouble(Long.parseUnsignedLong(bits, 16));
                assertThat(hex(elementType, value))
                        .as("%s of %s", elementType, bits)
                        .isEqualTo(type.get("bits").get(i).asString());
                compared++;
            }
        }
        assertThat(compared).isGreaterThan(100);
    }

    /// Rounds by search among all numbers of the type, and compares at them, between them, and beside the middles.
    @ParameterizedTest
    @EnumSource(names = {"F16", "BF16", "F8_E4M3"})
    void nearestNumberIsTakenAndTheEvenOneOfTwo(ElementType type) {
        // The numbers from 0 up lie in the order of their codes.
        int codes = type == ElementType.F8_E4M3 ? 0x7f : type == ElementType.F16 ? 0x7c00 : 0x7f80;
        double[] numbers = new double[codes];
        Arrays.setAll(numbers, code -> magnitude(type, code));
        assertThat(numbers).isSorted();

        SplittableRandom random = new SplittableRandom(3);
        for (int code = 0; code < numbers.length - 1; code++) {
            double low = numbers[code];
            double high = numbers[code + 1];
            double middle = low + (high - low) / 2;
            int even = (code & 1) == 0 ? code : code + 1;
            assertCode(type, low, code);
            assertCode(type, Math.nextUp(low), code);
            assertCode(type, Math.nextDown(middle), code);
            assertCode(type, middle, even);
            assertCode(type, Math.nextUp(middle), code + 1);
            assertCode(type, Math.nextDown(high), code + 1);
            double between = random.nextDouble(low, high);
            assertCode(type, between, between < middle ? code : between > middle ? code + 1 : even);
        }
    }

    private static void assertCode(ElementType type, double value, int code) {
        int sign = type == ElementType.F8_E4M3 ? 0x80 : 0x8000;
        if (bits(type, value) != code || bits(type, -value) != (code | sign)) {
            throw new AssertionError("%s of ±%a: expected 0x%x, found 0x%x and 0x%x"
                    .formatted(type, value, code, bits(type, value), bits(type, -value)));
        }
    }

    private static double magnitude(ElementType type, int code) {
        return switch (type) {
            case F16 -> Float.float16ToFloat((short) code);
            case BF16 -> Float.intBitsToFloat(code << 16);
            case F8_E4M3 -> code < 8 ? code * 0x1p-9 : (8 + (code & 7)) * Math.pow(2, (code >> 3) - 10);
            case F64, F32, I64, I32 -> throw new AssertionError(type);
        };
    }

    private static int bits(ElementType type, double value) {
        return switch (type) {
            case F32 -> Encoding.float32(value);
            case F16 -> Encoding.float16(value) & 0xffff;
            case BF16 -> Encoding.bfloat16(value) & 0xffff;
            case F8_E4M3 -> Encoding.f8e4m3(value) & 0xff;
            case F64, I64, I32 -> throw new AssertionError(type);
        };
    }

    private static String hex(ElementType type, double value) {
        return ("%0" + 2 * type.bytes() + "x").formatted(bits(type, value));
    }

    @Test
    void beyondTheRangeIsInfiniteOrTheLargest() {
        for (double large : new double[] {Double.MAX_VALUE, 1e39, Double.POSITIVE_INFINITY}) {
            assertThat(Encoding.f8e4m3(large)).isEqualTo((byte) 0x7e);
            assertThat(Encoding.bfloat16(large)).isEqualTo((short) 0x7f80);
            assertThat(Encoding.float16(large)).isEqualTo((short) 0x7c00);
        }
        assertThat(Encoding.f8e4m3(-1e300)).isEqualTo((byte) 0xfe);
        // Halfway beyond the largest number is a tie with the first that does not exist, which is even.
        assertThat(Encoding.float16(65519.99)).isEqualTo((short) 0x7bff);
        assertThat(Encoding.float16(65520)).isEqualTo((short) 0x7c00);
        assertThat(Encoding.bfloat16(0x1.fep127)).isEqualTo((short) 0x7f7f);
        assertThat(Encoding.bfloat16(0x1.ffp127)).isEqualTo((short) 0x7f80);
        assertThat(Encoding.f8e4m3(463.9)).isEqualTo((byte) 0x7e);
        assertThat(Encoding.f8e4m3(464)).isEqualTo((byte) 0x7e);
    }

    @Test
    void roundingTwiceWouldBeWrong() {
        double value = 1 + 0x1p-8 + 0x1p-30;

        assertThat(Encoding.bfloat16(value)).isEqualTo((short) 0x3f81);
        assertThat(Encoding.bfloat16((float) value)).isEqualTo((short) 0x3f80);
    }
}
