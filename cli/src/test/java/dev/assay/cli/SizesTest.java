package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0 bytes",
        "1023, 1023 bytes",
        "1024, 1.0 KiB",
        "1572864, 1.5 MiB",
        "1073741824, 1.0 GiB",
        "9223372036854775807, 8388608.0 TiB"
    })
    void showsBytes(long bytes, String text) {
        assertThat(Sizes.bytes(bytes)).isEqualTo(text);
    }

    @Test
    void showsNumbersOfThings() {
        assertThat(Sizes.plural(1, "case")).isEqualTo("1 case");
        assertThat(Sizes.plural(0, "case")).isEqualTo("0 cases");
        assertThat(Sizes.plural(1_234_567, "tensor")).isEqualTo("1,234,567 tensors");
    }
}
