package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ShapeTest {
    @TempDir
    private Path folder;

    @Test
    void isAPublishedModel() {
        assertThat(Shape.of("Qwen3-0.6B").name()).isEqualTo("qwen3-0.6b");
        assertThat(Shape.of("qwen3-0.6b").config().numHiddenLayers()).isEqualTo(28);
    }

    @Test
    void isAConfigurationOfOnesOwn() throws IOException {
        String given = write(Published.named("qwen3-0.6b").configJson().replace(": 28,", ": 5,"));

        assertThat(Shape.of(given).name()).isEqualTo(given);
        assertThat(Shape.of(given).config().numHiddenLayers()).isEqualTo(5);
    }

    @Test
    void saysWhichFileIsInTheWay() throws IOException {
        String missing = folder.resolve("missing.json").toString();
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Shape.of(missing))
                .withMessageContaining("--shape: cannot read '" + missing + "'");

        String unknown = write("{\"model_type\": \"mamba9\"}");
        assertThatExceptionOfType(UsageException.class)
                .isThrownBy(() -> Shape.of(unknown))
                .withMessageContaining(unknown)
                .withMessageContaining("mamba9");
    }

    private String write(String json) throws IOException {
        return Files.writeString(folder.resolve("config.json"), json).toString();
    }
}
