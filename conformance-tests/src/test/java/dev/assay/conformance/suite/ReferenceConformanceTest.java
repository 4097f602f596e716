package dev.assay.conformance.suite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicContainer.dynamicContainer;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.assay.engine.LoadOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicContainer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// The reference against every golden case.
class ReferenceConformanceTest {
    @TestFactory
    Stream<DynamicContainer> theReferenceIsConformantOn() {
        return Goldens.ids().stream().map(id -> {
            GoldenCase golden = Goldens.bundled(id);
            return dynamicContainer(
                    id,
                    GoldenSuite.run(new ReferenceEngine(), golden, LoadOptions.defaults(), _ -> {}).stream()
                            .map(result -> dynamicTest(result.check(), () -> assertPasses(result))));
        });
    }

    @Test
    void thereAreCasesToBeConformantOn() {
        assertThat(Goldens.ids()).hasSizeGreaterThanOrEqualTo(12);
    }

    private static void assertPasses(CheckResult result) {
        assertThat(result.outcome()).as("%s", result).isEqualTo(Outcome.PASS);
        assertThat(result.elements()).isPositive();
    }
}
