package dev.assay.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class GgufTypeTest {
    private static ByteBuffer encoded(GgufType type, float... row) {
        ByteBuffer bytes = ByteBuffer.allocate((int) type.rowBytes(row.length)).order(ByteOrder.LITTLE_ENDIAN);
        type.encode(row, bytes);
        assertThat(bytes.hasRemaining()).isFalse();
        return bytes.flip();
    }

    private static float[] block(float... first) {
        return Arrays.copyOf(first, 32);
    }

    /// The largest number makes ±127; a scale of 1 is exact.
    @Test
    void q8RoundsToTheNearestByteAndTiesAwayFromZero() {
        ByteBuffer bytes = encoded(GgufType.Q8_0, block(127, -127, 0.5f, -0.5f, 1.5f, -2.5f, 0.49999997f));

        assertThat(Float.float16ToFloat(bytes.getShort())).isEqualTo(1);
        byte[] quotients = new byte[7];
        bytes.get(quotients);
        assertThat(quotients).containsExactly(127, -127, 1, -1, 2, -3, 0);
    }

    /// 0.1 / 127 has no float16; the byte is made with the scale before rounding, or it would be 126.
    @Test
    void q8RoundsTheScaleAfterItHasMadeTheBytes() {
        ByteBuffer bytes = encoded(GgufType.Q8_0, block(0.1f));

        assertThat(bytes.getShort()).isEqualTo(Float.floatToFloat16(0.1f / 127));
        assertThat(bytes.get()).isEqualTo((byte) 127);
    }

    @Test
    void q8OfZerosIsZeros() {
        assertThat(encoded(GgufType.Q8_0, block())).isEqualTo(ByteBuffer.allocate(34));
    }

    @Test
    void bf16RoundsTiesToEven() {
        ByteBuffer bytes = encoded(GgufType.BF16, 1, 1 + 0x1p-8f, 1 + 0x1.8p-7f, -1);
        assertThat(new short[] {bytes.getShort(), bytes.getShort(), bytes.getShort(), bytes.getShort()})
                .containsExactly(0x3f80, 0x3f80, 0x3f82, (short) 0xbf80);
    }
}
