package dev.assay.conformance.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.assay.engine.LoadOptions;
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
                    List<CheckResult> results = GoldenSuite.run(
                            new ReferenceEngine(), Goldens.bundled(id), LoadOptions.defaults(), _ -> {});

                    assertThat(results)
                            .hasSizeGreaterThanOrEqualTo(GoldenSuite.checkIds().size() - 1)
                            .allSatisfy(result -> {
                                assertThat(result.outcome()).as("%s", result).isEqualTo(Outcome.PASS);
                                assertThat(result.elements()).isPositive();
                            });
                }));
    }

    @Test
    void thereAreCasesToBeConformantOn() {
        assertThat(Goldens.ids()).hasSizeGreaterThanOrEqualTo(12);
    }
}
