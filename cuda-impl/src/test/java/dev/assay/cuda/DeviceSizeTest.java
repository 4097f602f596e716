package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// How the work of one token is shared out depends on the device, what comes out does not: on one with a single
/// multiprocessor blocks take rows in turns, on a large one each head has blocks of its own; without clusters, or with
/// little shared memory, heads are prepared and attended by kernels of their own.
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
        assertAgree(Map.of("FAKE_CUDA_MULTIPROCESSORS", Integer.toString(multiprocessors)), "own", FAMILIES);
    }

    @ParameterizedTest
    @CsvSource({"FAKE_CUDA_CAPABILITY, 80", "FAKE_CUDA_SHARED_BYTES, 40000"})
    void doSoWhereHeadsArePreparedApart(String variable, String value) throws IOException, InterruptedException {
        assertAgree(Map.of(variable, value), "own", List.of("qwen3-base", "gemma3n-base", "llama4-scout"));
    }

    @Test
    void refusesExpertsThatSharedMemoryCannotHold() throws IOException, InterruptedException {
        Process process = start(Map.of("FAKE_CUDA_SHARED_BYTES", "16500"), "own", List.of("deepseek-v3-base"));

        assertThat(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                .containsPattern("[0-9] experts of a token take [0-9]+ bytes of shared memory a block on the device,"
                        + " fake device has 12404 for them");
        assertThat(process.waitFor()).isPositive();
    }

    /// Which has no part in a single token.
    @Test
    void singleTokensGiveTheLogitsOfCublas() throws IOException, InterruptedException {
        assertAgree(Map.of(), "cublas", FAMILIES);
    }

    private static Process start(Map<String, String> environment, String products, List<String> families)
            throws IOException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-Dassay.cuda.library=" + FakeDriver.path(),
                "-Dassay.cuda.cublas=" + FakeDriver.path(),
                "-Dassay.cuda.products=" + products,
                "-cp",
                System.getProperty("java.class.path"),
                "dev.assay.cuda.EvenShapes"));
        command.addAll(families);
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().putAll(environment);
        return builder.start();
    }

    private static void assertAgree(Map<String, String> environment, String products, List<String> families)
            throws IOException, InterruptedException {
        Process process = start(environment, products, families);
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        List<String> lines = output.lines()
                .filter(line -> families.stream().anyMatch(family -> line.startsWith(family + " ")))
                .toList();
        assertThat(lines).as(output).hasSameSizeAs(families);
        assertThat(lines)
                .allSatisfy(line -> assertThat(Double.parseDouble(line.substring(line.indexOf(' '))))
                        .as(line)
                        .isBetween(Double.MIN_VALUE, ALLOWED));
    }
}
