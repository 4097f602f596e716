package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// How the work of one token is shared out depends on how many multiprocessors a device has, what comes out does not:
/// on a
/// device of one, blocks take rows in turns, and on a large one each head has blocks of its own.
class DeviceSizeTest {
    private static final List<String> FAMILIES = List.of(
            "qwen3-base",
            "qwen3-moe-base",
            "gemma3-base",
            "gemma3n-base",
            "llama4-scout",
            "mistral-window",
            "olmo2-gqa",
            "deepseek-v3-base");

    /// The largest difference of logits that the suite allows for float32, in standard deviations.
    private static final double ALLOWED = 2e-4;

    @ParameterizedTest
    @ValueSource(ints = {1, 132})
    void singleTokensGiveTheLogitsOfAllAtOnce(int multiprocessors) throws IOException, InterruptedException {
        assertAgree(multiprocessors, "own");
    }

    /// Which has no part in a single token.
    @Test
    void singleTokensGiveTheLogitsOfCublas() throws IOException, InterruptedException {
        assertAgree(7, "cublas");
    }

    private static void assertAgree(int multiprocessors, String products) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dassay.cuda.library=" + FakeDriver.path(),
                "-Dassay.cuda.cublas=" + FakeDriver.path(),
                "-Dassay.cuda.products=" + products,
                "-cp",
                System.getProperty("java.class.path"),
                "dev.assay.cuda.EvenShapes"));
        command.addAll(FAMILIES);
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT);
        builder.environment().put("FAKE_CUDA_MULTIPROCESSORS", Integer.toString(multiprocessors));
        Process process = builder.start();
        List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                .lines()
                .toList();
        assertThat(process.waitFor()).isZero();
        assertThat(lines).hasSameSizeAs(FAMILIES);
        assertThat(lines)
                .allSatisfy(line -> assertThat(Double.parseDouble(line.substring(line.indexOf(' '))))
                        .as(line)
                        .isBetween(Double.MIN_VALUE, ALLOWED));
    }
}
