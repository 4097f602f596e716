package dev.assay.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.Goldens;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every check on every golden case: what `assay verify --engine vector` runs, at the width of this JVM.
class VectorConformanceTest {
    static List<String> cases() {
        return Goldens.ids();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void passesEveryCheck(String id) {
        int threads = Math.min(2, Runtime.getRuntime().availableProcessors());
        List<CheckResult> results =
                GoldenSuite.run(new VectorEngine(), Goldens.bundled(id), LoadOptions.ofThreads(threads), _ -> {});
        assertThat(results).isNotEmpty().allSatisfy(result -> {
            assertThat(result.outcome()).as(result.toString()).isEqualTo(Outcome.PASS);
            assertThat(result.elements()).isPositive();
        });
    }
}
