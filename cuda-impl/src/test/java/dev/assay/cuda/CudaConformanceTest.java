package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.Goldens;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every check on every golden case: what `assay verify --engine cuda` runs, on the fake driver.
class CudaConformanceTest {
    @BeforeAll
    static void useTheFakeDriver() {
        FakeDriver.use();
    }

    static List<String> cases() {
        return Goldens.ids();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void passesEveryCheck(String id) {
        List<CheckResult> results =
                GoldenSuite.run(new CudaEngine(), Goldens.bundled(id), LoadOptions.defaults(), _ -> {});
        assertThat(results).isNotEmpty().allSatisfy(result -> {
            assertThat(result.outcome()).as(result.toString()).isEqualTo(Outcome.PASS);
            assertThat(result.elements()).isPositive();
        });
    }
}
