package dev.assay.adapter.onnxruntime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.Goldens;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// ONNX Runtime against every golden case that has a graph.
class OnnxRuntimeConformanceTest {
    /// What an engine without a cache and without taps does not declare.
    private static final Set<String> UNDECLARED = Set.of("kv-cache-bytes", "experts-per-token", "routed-experts");

    /// Fails by its largest difference alone, on some processors: the adapter's README says why.
    private static final String ILL_CONDITIONED = "deepseek-v2-mscales";

    @TestFactory
    Stream<DynamicTest> onnxRuntimeComputesWhatTheOracleDoesOn() {
        return Graphs.bundled().all().stream()
                .map(Graph::golden)
                .filter(golden -> !golden.equals(ILL_CONDITIONED))
                .map(golden -> dynamicTest(golden, () -> {
                    List<CheckResult> results = judge(golden);

                    assertThat(results).hasSizeGreaterThan(UNDECLARED.size());
                    assertThat(results)
                            .allSatisfy(result -> assertThat(result.outcome())
                                    .as("%s", result)
                                    .isEqualTo(
                                            UNDECLARED.contains(result.check()) ? Outcome.UNSUPPORTED : Outcome.PASS));
                }));
    }

    @Test
    void onTheIllConditionedCaseOnlyTheLargestDifferenceIsBeyondTheBudget() {
        List<BudgetUse> worst = judge(ILL_CONDITIONED).stream()
                .map(CheckResult::worst)
                .filter(Objects::nonNull)
                .toList();

        assertThat(worst).hasSize(4).allSatisfy(use -> {
            assertThat(use.prompt()).isEqualTo("len37");
            assertThat(use.rms()).isLessThan(use.rmsBudget());
            assertThat(use.max()).isLessThan(1.5 * use.maxBudget());
        });
    }

    private static List<CheckResult> judge(String golden) {
        return GoldenSuite.run(new OnnxRuntimeEngine(), Goldens.bundled(golden), LoadOptions.defaults(), _ -> {});
    }
}
