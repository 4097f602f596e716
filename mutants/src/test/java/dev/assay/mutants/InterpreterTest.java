package dev.assay.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.Goldens;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The soil is right: what a mutant shows is its bug.
class InterpreterTest {
    /// All wiring, in one call and over the cache; the rest is about sessions and takes minutes.
    private static final List<String> CHECKS = List.of("one-shot", "decode-after-prefill");

    static List<String> cases() {
        return Goldens.ids();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void theInterpreterConformsOnEveryCase(String id) {
        List<CheckResult> results = GoldenSuite.run(
                new PlanInterpreter(),
                Goldens.bundled(id),
                LoadOptions.defaults(),
                rule -> CHECKS.contains(rule.id()),
                _ -> {});

        assertThat(results)
                .hasSize(CHECKS.size())
                .allSatisfy(result -> assertThat(result.outcome())
                        .as("%s: %s %s", result.check(), result.message(), result.firstDivergence())
                        .isEqualTo(Outcome.PASS));
    }
}
