package dev.assay.conformance.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.assay.config.ModelConfig;
import dev.assay.config.MoeConfig;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The reference against every golden case.
class ReferenceConformanceTest {
    @TestFactory
    Stream<DynamicTest> theReferenceIsConformantOn() {
        return Goldens.ids().stream()
                .map(id -> dynamicTest(id, () -> {
                    GoldenCase golden = Goldens.bundled(id);
                    List<CheckResult> results =
                            GoldenSuite.run(new ReferenceEngine(), golden, LoadOptions.defaults(), _ -> {});

                    assertThat(results)
                            .extracting(CheckResult::check)
                            .containsExactlyElementsOf(checks(golden.config()));
                    assertThat(results).allSatisfy(result -> {
                        assertThat(result.outcome()).as("%s", result).isEqualTo(Outcome.PASS);
                        assertThat(result.elements()).isPositive();
                    });
                    assertThat(results)
                            .flatExtracting(CheckResult::counts)
                            .hasSizeGreaterThan(1)
                            .allSatisfy(count -> assertThat(count.counted()).isEqualTo(count.formula()));
                }));
    }

    /// All checks, but for those of less than logits, and those of experts where there are none.
    private static List<String> checks(ModelConfig config) {
        return GoldenSuite.checkIds().stream()
                .filter(check -> !List.of("log-probabilities", "greedy-tokens").contains(check))
                .filter(check -> config instanceof MoeConfig || !check.contains("experts"))
                .toList();
    }

    @Test
    void thereAreCasesToBeConformantOn() {
        assertThat(Goldens.ids()).hasSizeGreaterThanOrEqualTo(12);
    }
}
