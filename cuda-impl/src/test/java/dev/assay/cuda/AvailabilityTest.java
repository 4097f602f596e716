package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What the engine says where it cannot run, and what becomes of it when a device fails. Each test in a JVM of its own,
/// with a driver that fails as it should.
class AvailabilityTest {
    private static String probe(Map<String, String> environment, List<String> options, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-XX:TieredStopAtLevel=1"));
        command.addAll(options);
        command.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.assay.cuda.Probe"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD);
        builder.environment().putAll(environment);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(out).isZero();
        return out;
    }

    private static String fake(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        return probe(
                environment,
                List.of("--enable-native-access=ALL-UNNAMED", "-Dassay.cuda.library=" + FakeDriver.path()),
                arguments);
    }

    @Test
    void computesOnADevice() throws IOException, InterruptedException {
        assertThat(fake(Map.of(), "8")).isEqualTo("Available[]\ncomputed\ncomputed\n");
    }

    @Test
    void namesTheLibraryThatIsMissing() throws IOException, InterruptedException {
        assertThat(probe(
                        Map.of(),
                        List.of("--enable-native-access=ALL-UNNAMED", "-Dassay.cuda.library=/nowhere/libcuda.so.1")))
                .startsWith("Absent[reason=no CUDA driver library (/nowhere/libcuda.so.1: ");
    }

    @Test
    void saysHowToAllowNativeAccess() throws IOException, InterruptedException {
        assertThat(probe(Map.of(), List.of("--illegal-native-access=deny")))
                .isEqualTo(
                        "Absent[reason=the JVM denies native access: start it with --enable-native-access=ALL-UNNAMED]\n");
    }

    @Test
    void saysThatThereIsNoDevice() throws IOException, InterruptedException {
        assertThat(fake(Map.of("FAKE_CUDA_DEVICES", "0")))
                .isEqualTo("Absent[reason=the CUDA driver finds no device]\n");
    }

    @Test
    void saysThatADeviceIsTooOld() throws IOException, InterruptedException {
        assertThat(fake(Map.of("FAKE_CUDA_CAPABILITY", "70")))
                .isEqualTo("Absent[reason=fake device has compute capability 7.0, kernels need 7.5 or newer]\n");
    }

    @Test
    void runsOnTheOldestDevice() throws IOException, InterruptedException {
        assertThat(fake(Map.of("FAKE_CUDA_CAPABILITY", "75"), "8")).isEqualTo("Available[]\ncomputed\ncomputed\n");
    }

    /// Which lacks instructions that an older one has.
    @Test
    void runsOnALaterDevice() throws IOException, InterruptedException {
        assertThat(fake(Map.of("FAKE_CUDA_CAPABILITY", "120"), "8")).isEqualTo("Available[]\ncomputed\ncomputed\n");
    }

    @Test
    void saysWhyTheDriverRejectsTheKernels() throws IOException, InterruptedException {
        assertThat(fake(Map.of("FAKE_CUDA_REJECT", "1")))
                .contains("222 CUDA_ERROR_UNSUPPORTED_PTX_VERSION: ptxas fatal : unsupported .version");
    }

    @Test
    void refusesWhatDoesNotFitAndGivesTheFigures() throws IOException, InterruptedException {
        assertThat(fake(Map.of("FAKE_CUDA_MEMORY", "1000"), "8"))
                .contains("refused: the weights take 0 MiB on the device, fake device has 0 MiB left");
        assertThat(fake(Map.of("FAKE_CUDA_MEMORY", "100000000"), "1000000"))
                .containsPattern("refused: a context of 1000000 positions takes [0-9]+ MiB on the device");
    }

    @Test
    void refusesRoundedActivationsWhereItHasNoKernelsForThem() throws IOException, InterruptedException {
        assertThat(rounded("bfloat16", "120"))
                .isEqualTo("Absent[reason=assay.cuda.activations=bfloat16 needs compute capability 9.0, fake device has"
                        + " 12.0]\n");
        assertThat(rounded("bfloat16", "90")).isEqualTo("Available[]\n");
        assertThat(rounded("float32", "120")).isEqualTo("Available[]\n");
    }

    private static String rounded(String activations, String capability) throws IOException, InterruptedException {
        return probe(
                Map.of("FAKE_CUDA_CAPABILITY", capability),
                List.of(
                        "--enable-native-access=ALL-UNNAMED",
                        "-Dassay.cuda.library=" + FakeDriver.path(),
                        "-Dassay.cuda.activations=" + activations));
    }

    /// The first to use the device crashes; the second is told why it cannot. The JVM lives.
    @Test
    void outlivesAKernelThatFaults() throws IOException, InterruptedException {
        assertThat(fake(Map.of("FAKE_CUDA_FAULT", "attend_f32"), "8"))
                .isEqualTo("Available[]\n"
                        + "crashed: a kernel faulted: cuLaunchKernelEx failed with 700 CUDA_ERROR_ILLEGAL_ADDRESS\n"
                        + "crashed: the device was lost earlier: cuLaunchKernelEx failed with 700"
                        + " CUDA_ERROR_ILLEGAL_ADDRESS\n");
    }
}
