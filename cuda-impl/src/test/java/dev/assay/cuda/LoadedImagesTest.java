package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Availability;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Which images of the kernels a device gets, and what becomes of those that its driver rejects.
class LoadedImagesTest {
    private static final String CUBINS = "cubin sm_90 and cubin sm_90a";
    private static final String NO_BINARY = " with 209 CUDA_ERROR_NO_BINARY_FOR_GPU";

    private static String said(Map<String, String> environment, String... options)
            throws IOException, InterruptedException {
        return OwnJvm.onFakeDriver(LoadedImagesTest.class, environment, List.of(options));
    }

    /// Computes something, and says what with; or why not.
    public static void main(String... arguments) {
        CudaEngine engine = new CudaEngine();
        switch (engine.availability()) {
            case Availability.Absent(String reason) -> System.out.println(reason);
            case Availability.Available _ -> {
                GoldenCase golden = Goldens.bundled("llama3-even");
                try (Checkpoint checkpoint = golden.weights().open();
                        Model model = engine.load(checkpoint, LoadOptions.defaults());
                        Session session = model.newSession(SessionOptions.ofContext(8))) {
                    session.prefill(new int[3]);
                    System.out.println(model.execution().decisions().get(1));
                }
            }
        }
    }

    @Test
    void areCubinsForTheirCapability() throws IOException, InterruptedException {
        assertThat(said(Map.of())).startsWith("kernels are " + CUBINS + ", each");
        assertThat(said(Map.of(), "-Dassay.cuda.images=cubin")).startsWith("kernels are " + CUBINS + ", each");
    }

    @ParameterizedTest
    @CsvSource({"100, 90", "80, 75"})
    void arePtxForOthers(String capability, int target) throws IOException, InterruptedException {
        assertThat(said(Map.of("FAKE_CUDA_CAPABILITY", capability))).startsWith("kernels are PTX sm_" + target + ", ");
    }

    @Test
    void arePtxIfItIsAskedFor() throws IOException, InterruptedException {
        assertThat(said(Map.of("FAKE_CUDA_REJECT", "cubin"), "-Dassay.cuda.images=ptx"))
                .startsWith("kernels are PTX sm_90 and PTX sm_90a, each");
    }

    @Test
    void arePtxWhereCubinsAreRejected() throws IOException, InterruptedException {
        assertThat(said(Map.of("FAKE_CUDA_REJECT", "cubin")))
                .startsWith("kernels are PTX sm_90 (the driver rejects cubin sm_90" + NO_BINARY
                        + ") and PTX sm_90a (the driver rejects cubin sm_90a" + NO_BINARY + "), each");
    }

    @Test
    void areNamedWithTheirCodesWhereAllAreRejected() throws IOException, InterruptedException {
        String ptx = " with 222 CUDA_ERROR_UNSUPPORTED_PTX_VERSION: ptxas fatal : unsupported .version\n";
        assertThat(said(Map.of("FAKE_CUDA_REJECT", "cubin,ptx")))
                .isEqualTo(
                        "the driver rejects the kernels of attention: cubin sm_90" + NO_BINARY + "; PTX sm_90" + ptx);
        assertThat(said(Map.of("FAKE_CUDA_REJECT", "ptx", "FAKE_CUDA_CAPABILITY", "80")))
                .isEqualTo("the driver rejects the kernels of attention: PTX sm_75" + ptx);
    }

    /// Though the driver takes none of it.
    @Test
    void needNoPtxWhereThereAreCubins() throws IOException, InterruptedException {
        assertThat(said(Map.of("FAKE_CUDA_REJECT", "ptx"))).startsWith("kernels are " + CUBINS + ", each");
    }
}
