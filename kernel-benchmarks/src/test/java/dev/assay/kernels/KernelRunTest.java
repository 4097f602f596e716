package dev.assay.kernels;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Runs every benchmark once, small and in this JVM, some in one of its own: what it checks is checked, and what it is
/// to report is there.
class KernelRunTest {
    /// Sizes that are no multiples of a vector or a block, so that a smoke test tests tails too.
    private static final Map<String, List<String>> SMALL = Map.of(
            "size", List.of("201"),
            "rows", List.of("70"),
            "columns", List.of("256"),
            "tokens", List.of("37"),
            "context", List.of("130"),
            "heads", List.of("3"),
            "headDim", List.of("72"));

    private static final KernelSettings ONCE = new KernelSettings(0, 1, 0, 1, 1, SMALL);

    @TempDir
    private Path folder;

    private KernelRun.Outcome run(KernelSettings settings, String filter) throws IOException {
        return new KernelRun(settings).run(KernelRun.names(Pattern.compile(filter)), folder, _ -> {});
    }

    @Test
    void everyKernelIsRightAndMeasured() throws IOException {
        KernelRun.Outcome outcome = run(ONCE, "^(?!WrongKernel)");

        assertThat(outcome.failures()).isEmpty();
        assertThat(outcome.rows().stream().map(KernelRow::kernel).distinct())
                .containsExactlyInAnyOrder(
                        "Activation",
                        "DecodeAttention",
                        "Dot",
                        "ExpertChoice",
                        "MatMul",
                        "MatVec",
                        "PrefillAttention",
                        "RmsNorm",
                        "Rotary",
                        "Softmax");
        assertThat(outcome.rows()).allSatisfy(row -> {
            assertThat(row.micros()).isPositive();
            assertThat(row.rates())
                    .containsKeys(
                            RooflineProfiler.BANDWIDTH, RooflineProfiler.READ_CEILING, RooflineProfiler.FMA_CEILING)
                    .hasEntrySatisfying(
                            RooflineProfiler.CHECKED,
                            elements -> assertThat(elements).isPositive());
            if (!row.kernel().equals("ExpertChoice")) {
                assertThat(row.rates()).containsKeys(RooflineProfiler.ARITHMETIC, RooflineProfiler.SHARE);
            }
        });
        // Each with its twin, of each type.
        assertThat(outcome.rows())
                .filteredOn(row -> row.kernel().equals("MatVec"))
                .hasSize(8);
        assertThat(KernelTable.render(outcome.rows()))
                .containsPattern("MatVec +columns=256 dtype=BF16 rows=70 +[0-9.]+ +[0-9.]+ +[0-9.]+x ");
        assertJmhReads(outcome.rows().size());
    }

    private void assertJmhReads(int results) throws IOException {
        JsonNode json = JsonMapper.shared().readTree(Files.readString(folder.resolve(KernelRun.RESULTS)));
        assertThat(json.size()).isEqualTo(results);
        JsonNode first = json.get(0);
        assertThat(first.get("benchmark").asString()).isEqualTo("dev.assay.kernels.Activation.scalar");
        assertThat(first.get("primaryMetric").get("scoreUnit").asString()).isEqualTo("us/op");
        assertThat(first.get("secondaryMetrics")
                        .get(RooflineProfiler.BANDWIDTH)
                        .get("scoreUnit")
                        .asString())
                .isEqualTo("GB/s");
    }

    @Test
    void aWrongKernelHasNoFigureAndOthersKeepTheirs() throws IOException {
        KernelRun.Outcome outcome = run(ONCE.with(1, 1, SMALL), "WrongKernel.vector|Dot.vector");

        assertThat(outcome.rows()).singleElement().satisfies(row -> {
            assertThat(row.kernel()).isEqualTo("Dot");
            assertThat(row.rates()).containsEntry(RooflineProfiler.CHECKED, 1.0);
        });
        assertThat(outcome.failures())
                .containsExactly("WrongKernel.vector: element 2 of 3: expected 3.0 as the scalar twin"
                        + " computes, to within 1.0E-6, found 0.0");
    }

    @Test
    void nanIsWrong() {
        Pair pair = new Pair(
                () -> new float[] {Float.NaN}, () -> new float[] {1}, Work.inCache(4, 1), Double.POSITIVE_INFINITY);
        assertThatThrownBy(() -> pair.check(""))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("expected 1.0")
                .hasMessageContaining("found NaN");
    }

    /// 8 GB/s and 4 GFLOP/s: reading takes half a second, computing a quarter.
    @Test
    void theBoundIsTheSlowerOfReadingAndComputing() {
        assertThat(Work.inMemory(4_000_000_000L, 1_000_000_000L).bound(8e9, 4e9))
                .isEqualTo(0.5);
        assertThat(Work.inMemory(4_000_000_000L, 4_000_000_000L).bound(8e9, 4e9))
                .isEqualTo(1);
        assertThat(Work.inCache(4_000_000_000L, 1_000_000_000L).bound(8e9, 4e9)).isEqualTo(0.25);
    }
}
