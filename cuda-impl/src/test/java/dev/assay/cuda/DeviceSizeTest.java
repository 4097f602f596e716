package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.assertj.core.data.Offset;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// How work is shared out depends on how many multiprocessors a device has, what comes out does not: on a device of
/// one,
/// blocks take rows in turns, and on a large one each head has a block.
class DeviceSizeTest {
    /// The largest difference of logits that the suite allows for float32, in standard deviations.
    private static final double ALLOWED = 2e-4;

    @ParameterizedTest
    @CsvSource({
        "llama4-scout, 1",
        "llama4-scout, 132",
        "qwen3-moe-base, 1",
        "qwen3-moe-base, 132",
        "gemma3n-base, 1",
        "gemma3n-base, 132"
    })
    void doesNotChangeLogits(String id, int multiprocessors) throws IOException, InterruptedException {
        List<double[]> usual = logits(id, 7);
        List<double[]> other = logits(id, multiprocessors);
        assertThat(other).hasSameSizeAs(usual).isNotEmpty();
        for (int row = 0; row < usual.size(); row++) {
            assertThat(other.get(row)).contains(usual.get(row), Offset.offset(ALLOWED * deviation(usual.get(row))));
        }
    }

    private static double deviation(double[] row) {
        double mean = Arrays.stream(row).average().orElseThrow();
        return Math.sqrt(Arrays.stream(row)
                .map(value -> (value - mean) * (value - mean))
                .average()
                .orElseThrow());
    }

    private static List<double[]> logits(String id, int multiprocessors) throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder(List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-XX:TieredStopAtLevel=1",
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dassay.cuda.library=" + FakeDriver.path(),
                        "-cp",
                        System.getProperty("java.class.path"),
                        "dev.assay.cuda.DecodedLogits",
                        id))
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().put("FAKE_CUDA_MULTIPROCESSORS", Integer.toString(multiprocessors));
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).isZero();
        return out.lines()
                .map(line -> Arrays.stream(line.split(" ", -1))
                        .mapToDouble(Double::parseDouble)
                        .toArray())
                .toList();
    }
}
