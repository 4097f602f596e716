package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Images;
import dev.assay.cuda.stage.Activations;
import dev.assay.cuda.stage.DenseProducts;
import dev.assay.engine.Engine;
import dev.assay.vector.VectorEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Measures small models on the fake driver and reads what is written.
class MeasurementTest {
    private static final Path QWEN3 = Path.of("../golden-outputs/cases/qwen3-base/config.json");
    private static final Path DEEPSEEK = Path.of("../golden-outputs/cases/deepseek-v3-base/config.json");
    private static final int START = 26;
    private static final int STEPS = 3;
    private static final int REPEATS = 2;

    @TempDir
    private Path out;

    @BeforeAll
    static void useTheFakeDriver() {
        FakeDriver.use();
    }

    private JsonNode measure(boolean prefill, long maxCheckedBytes, List<Engine> engines, Path... configs)
            throws IOException, AbsentException {
        return measure(Activations.FLOAT32, DenseProducts.OWN, prefill, maxCheckedBytes, engines, configs);
    }

    private JsonNode measure(
            Activations activations,
            DenseProducts products,
            boolean prefill,
            long maxCheckedBytes,
            List<Engine> engines,
            Path... configs)
            throws IOException, AbsentException {
        Measurement.Settings settings =
                new Measurement.Settings(64, START, STEPS, 40, prefill, REPEATS, maxCheckedBytes);
        new Measurement(new CudaEngine(activations, products, Images.CUBIN), settings, engines)
                .measure(out, List.of(configs));
        return JsonMapper.shared().readTree(Files.readString(out.resolve("cuda.json")));
    }

    @Test
    void writesTimesAndWhereTheyGo() throws IOException, AbsentException {
        JsonNode report = measure(true, Long.MAX_VALUE, List.of(), QWEN3);

        assertThat(report.path("read_bytes_per_second").doubleValue()).isPositive();
        String images = LoadedDevice.first(Images.CUBIN).kernels().inUse();
        assertThat(report.path("images").stringValue()).isEqualTo(images);
        assertThat(report.path("failures").size()).isZero();
        JsonNode row = report.path("rows").path(0);
        assertThat(row.path("shape").stringValue()).isEqualTo("config");
        for (String times : List.of("decode_ms", "streamed_ms", "prefill_ms")) {
            assertThat(row.path(times).size()).as(times).isEqualTo(REPEATS);
            assertThat(row.path(times).path(0).doubleValue()).as(times).isPositive();
        }
        assertThat(row.path("agreeing").intValue()).isEqualTo(STEPS);
        assertThat(row.path("same_bits_one_by_one").intValue()).isEqualTo(STEPS);
        assertThat(row.path("profile").findValuesAsString("launch")).last().isEqualTo("next token and embedding");
        assertThat(row.path("profile").path(0).path("each_us").doubleValue()).isPositive();
        // One token has its norms within products.
        assertThat(row.path("profile").findValuesAsString("launch")).doesNotContain("Normalise");
        assertThat(row.path("prefill_profile").findValuesAsString("launch"))
                .contains("Embed", "Attend")
                .doesNotContain("Tapped");
        assertThat(row.path("prefill_profile").path(0).path("each_us").doubleValue())
                .isPositive();
        assertThat(out.resolve("cuda.md"))
                .content()
                .contains(
                        "kernels are " + images + "; ",
                        "| config | ",
                        "| next token and embedding | 1 | ",
                        "where a prefill's time");
    }

    @Test
    void writesNullForThePrefillThatIsLeftOut() throws IOException, AbsentException {
        JsonNode row =
                measure(false, Long.MAX_VALUE, List.of(), QWEN3).path("rows").path(0);

        assertThat(row.path("prefill_ms").isNull()).isTrue();
        assertThat(row.path("decode_ms").size()).isEqualTo(REPEATS);
        assertThat(out.resolve("cuda.md")).content().contains(" tok/s | – | 3 of 3 | 3 of 3 |");
    }

    /// Ten times what the suite allows of a float32 cache. Where the values of the two engines lie on two sides of
    /// a tie, what they cache differs by 2⁻⁸, which one of 24 positions brings into a head's output of 20 numbers:
    /// about 4e-5 of it. A mistake in a key or a weight is of the order of 1e-2 and more.
    @Test
    void comparesLogitsWithAnotherEngine() throws IOException, AbsentException {
        JsonNode report =
                measure(false, Long.MAX_VALUE, List.of(new CudaEngine(), new VectorEngine()), QWEN3, DEEPSEEK);

        assertThat(report.path("rows").size()).isEqualTo(2);
        for (JsonNode row : report.path("rows")) {
            JsonNode agreement = row.path("check");
            assertThat(agreement.path("engine").stringValue()).isEqualTo("vector");
            assertThat(agreement.path("kv_cache").stringValue()).isEqualTo("bfloat16");
            assertThat(agreement.path("tokens").intValue()).isEqualTo(24);
            for (String phase : List.of("prefill", "decode")) {
                JsonNode distance = agreement.path(phase);
                assertThat(distance.path("rms_per_deviation").doubleValue()).isBetween(1e-9, 2e-4);
                assertThat(distance.path("max_per_deviation").doubleValue()).isBetween(1e-8, 2e-3);
                assertThat(distance.path("same_argmax").intValue()).isEqualTo(24);
            }
        }
        assertThat(out.resolve("cuda.md")).content().contains("| config | vector, BFLOAT16 | ");
    }

    /// Prefill is off by what rounding to bfloat16 makes of it; one token after the other is not.
    @Test
    void saysWhichActivationsItMeasured() throws IOException, AbsentException {
        JsonNode exact = measure(true, 0, List.of(), QWEN3);
        assertThat(exact.path("activations").stringValue()).isEqualTo("float32");
        assertThat(out.resolve("cuda.md")).content().contains("| prefill 40, float32 activations |");

        JsonNode rounded = measure(
                Activations.BFLOAT16,
                DenseProducts.OWN,
                true,
                Long.MAX_VALUE,
                List.of(new VectorEngine()),
                QWEN3,
                DEEPSEEK);
        assertThat(rounded.path("activations").stringValue()).isEqualTo("bfloat16");
        assertThat(out.resolve("cuda.md")).content().contains("| prefill 40, bfloat16 activations |");
        assertThat(rounded.path("rows").size()).isEqualTo(2);
        for (JsonNode row : rounded.path("rows")) {
            assertThat(row.at("/check/prefill/rms_per_deviation").doubleValue()).isBetween(1e-3, 5e-2);
            assertThat(row.at("/check/decode/rms_per_deviation").doubleValue()).isLessThan(2e-4);
        }
    }

    /// Which multiplies a prefill of so many tokens.
    @Test
    void saysThatCublasMultiplied() throws IOException, AbsentException {
        JsonNode own = measure(true, 0, List.of(), DEEPSEEK);
        assertThat(own.path("engine").stringValue()).isEqualTo("Assay CUDA engine");

        JsonNode report = measure(
                Activations.FLOAT32, DenseProducts.CUBLAS, true, Long.MAX_VALUE, List.of(new VectorEngine()), DEEPSEEK);

        assertThat(report.path("engine").stringValue()).isEqualTo("Assay CUDA engine with cuBLAS");
        assertThat(out.resolve("cuda.md")).content().startsWith("Assay CUDA engine with cuBLAS; ");
        JsonNode row = report.path("rows").path(0);
        assertThat(row.at("/check/prefill/rms_per_deviation").doubleValue()).isBetween(1e-9, 2e-4);
        assertThat(row.path("agreeing").intValue()).isEqualTo(STEPS);
    }

    @Test
    void saysWhyNothingWasCompared() throws IOException, AbsentException {
        JsonNode absent = measure(false, Long.MAX_VALUE, List.of(new CudaEngine()), QWEN3);
        assertThat(absent.at("/rows/0/check/not_checked").stringValue()).isEqualTo("no engine has the id vector");

        JsonNode large = measure(false, 1000, List.of(new VectorEngine()), QWEN3);
        assertThat(large.at("/rows/0/check/not_checked").stringValue())
                .matches("weights of [0-9]+ MiB, checked up to 0");
    }

    @Test
    void goesOnAfterAConfigurationThatCannotBeMeasured() throws IOException, AbsentException {
        Path broken = Files.writeString(out.resolve("broken \"one\".json"), "{}");
        JsonNode report = measure(false, Long.MAX_VALUE, List.of(), broken, QWEN3);

        assertThat(report.path("failures").path(0).stringValue()).startsWith("broken \"one\": ");
        assertThat(report.path("rows").size()).isEqualTo(1);
    }

    @Test
    void distanceIsInStandardDeviationsOfWhatIsExpected() {
        // Mean 4, deviation 2; errors 1 and 0, 0 and 3.
        float[][] expected = {{2, 6}, {6, 2}}; // [T][V]
        float[][] actual = {{3, 6}, {6, 5}}; // [T][V]
        Agreement.Distance distance = Agreement.Distance.of(expected, actual);

        assertThat(distance.max()).isEqualTo(1.5);
        assertThat(distance.rms()).isCloseTo(Math.sqrt(10 / 4.0) / 2, within(1e-12));
        assertThat(distance.sameArgmax()).isEqualTo(2);
        assertThat(Agreement.Distance.of(expected, new float[][] {{7, 6}, {6, 5}})
                        .sameArgmax())
                .isEqualTo(1);
        assertThat(Agreement.Distance.of(expected, new float[][] {{2, Float.NaN}, {6, 2}})
                        .max())
                .isNaN();
    }
}
