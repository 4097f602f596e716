package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// What the engine says where it cannot run, and what becomes of it when a device fails. Each test in a JVM of its own,
/// with a driver that fails as it should.
class AvailabilityTest {
    private static String fake(Map<String, String> environment, String... arguments)
            throws IOException, InterruptedException {
        return OwnJvm.onFakeDriver(Probe.class, environment, List.of(), arguments);
    }

    @Test
    void computesOnADevice() throws IOException, InterruptedException {
        assertThat(fake(Map.of(), "8")).isEqualTo("Available[]\ncomputed\ncomputed\n");
    }

    @Test
    void namesTheLibraryThatIsMissing() throws IOException, InterruptedException {
        assertThat(OwnJvm.run(
                        Probe.class,
                        Map.of(),
                        List.of("--enable-native-access=ALL-UNNAMED", "-Dassay.cuda.library=/nowhere/libcuda.so.1")))
                .startsWith("Absent[reason=no CUDA driver library (/nowhere/libcuda.so.1: ");
    }

    @Test
    void saysHowToAllowNativeAccess() throws IOException, InterruptedException {
        assertThat(OwnJvm.run(Probe.class, Map.of(), List.of("--illegal-native-access=deny")))
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
        return OwnJvm.onFakeDriver(
                Probe.class,
                Map.of("FAKE_CUDA_CAPABILITY", capability),
                List.of("-Dassay.cuda.activations=" + activations));
    }

    private static String cublas(Map<String, String> environment, String library, String... arguments)
            throws IOException, InterruptedException {
        return OwnJvm.onFakeDriver(
                Probe.class,
                environment,
                List.of("-Dassay.cuda.products=cublas", "-Dassay.cuda.cublas=" + library),
                arguments);
    }

    @Test
    void namesTheCublasThatIsMissing() throws IOException, InterruptedException {
        assertThat(cublas(Map.of(), "/nowhere/libcublas.so.13"))
                .startsWith("Absent[reason=no cuBLAS library (/nowhere/libcublas.so.13: ");
    }

    /// The C library is one that is there and has none of the functions.
    @Test
    void namesTheFunctionThatACublasLacks() throws IOException, InterruptedException {
        assertThat(cublas(Map.of(), "libc.so.6"))
                .isEqualTo("Absent[reason=the cuBLAS library is too old: it has no cublasCreate_v2]\n");
    }

    @Test
    void saysWhyCublasDoesNotStart() throws IOException, InterruptedException {
        assertThat(cublas(Map.of("FAKE_CUBLAS_FAILS", "cublasCreate_v2"), FakeDriver.path()))
                .isEqualTo("Absent[reason=cublasCreate_v2 failed with 1 CUBLAS_STATUS_NOT_INITIALIZED]\n");
    }

    @Test
    void refusesCublasWhereNothingPreparesItsInputs() throws IOException, InterruptedException {
        assertThat(cublas(Map.of("FAKE_CUDA_CAPABILITY", "75"), FakeDriver.path()))
                .isEqualTo("Absent[reason=assay.cuda.products=cublas needs compute capability 9.0 or newer, fake"
                        + " device has 7.5]\n");
    }

    /// Which gets the products of many tokens, and of no fewer.
    @Test
    void namesTheProductThatCublasRefuses() throws IOException, InterruptedException {
        Map<String, String> fails = Map.of("FAKE_CUBLAS_FAILS", "cublasGemmEx");
        String failed = "failed: cublasGemmEx failed with 13 CUBLAS_STATUS_EXECUTION_FAILED\n";
        assertThat(cublas(fails, FakeDriver.path(), "16", "16")).isEqualTo("Available[]\n" + failed + failed);
        assertThat(cublas(fails, FakeDriver.path(), "15", "15")).isEqualTo("Available[]\ncomputed\ncomputed\n");
    }

    /// Of which there may be one at a time: each model closes its own.
    @Test
    void closesHandlesOfCublas() throws IOException, InterruptedException {
        assertThat(cublas(Map.of("FAKE_CUBLAS_HANDLES", "1"), FakeDriver.path(), "8"))
                .isEqualTo("Available[]\ncomputed\ncomputed\n");
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
