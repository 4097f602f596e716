package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Logits do not depend on the order in which threads of a block run: a missing barrier would show.
class RandomOrderTest {
    @ParameterizedTest
    @ValueSource(strings = {"deepseek-v3-base", "gemma3n-base", "llama4-scout"})
    void doesNotChangeAnything(String id) throws IOException, InterruptedException {
        String plain = digest(id, "");
        assertThat(plain).matches("[0-9a-f]{64}\n");
        assertThat(digest(id, "1")).isEqualTo(plain);
        assertThat(digest(id, "2")).isEqualTo(plain);
    }

    private static String digest(String id, String seed) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dassay.cuda.library=" + FakeDriver.path(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.assay.cuda.LogitsDigest",
                        id))
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        if (!seed.isEmpty()) {
            builder.environment().put("FAKE_CUDA_SEED", seed);
        }
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return out;
    }
}
