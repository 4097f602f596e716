package dev.assay.adapter.llamacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Support;
import dev.assay.golden.Goldens;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/// llama.cpp against every golden case that it is said to support, with whatever release is installed.
class LlamaCppConformanceTest {
    /// What this adapter does not declare.
    private static final Set<String> UNDECLARED = Set.of("kv-cache-bytes", "experts-per-token", "routed-experts");

    /// What llama.cpp computes otherwise than the published implementations, seen in b4916 and 0.5.0.
    ///
    /// GELU is looked up in a table by the argument rounded to float16 (`ggml_gelu_f32`, `GGML_GELU_FP16`).
    /// Groups of DeepSeek V2's experts are ranked by the sum of their two best, as in V3, not by the best. Of a
    /// `deepseek2` with linear scaling the softmax scale is multiplied by (1 + 0.1 · ln(factor))², which is meant
    /// for YaRN.
    private static final Map<String, String> DEVIATIONS = Map.of(
            "gpt2-base", "GELU",
            "gpt2-even", "GELU",
            "gpt2-prefix", "GELU",
            "gemma3-base", "GELU",
            "deepseek-v2-base", "group score",
            "deepseek-v3-half-split", "softmax scale");

    private static final LlamaCppEngine ENGINE = new LlamaCppEngine();

    private static Stream<String> supported() {
        return Goldens.ids().stream().filter(id -> ENGINE.supports(Goldens.configOf(id)) instanceof Support.Supported);
    }

    @Test
    void theLibraryOfTheJarRunsSeveralFamilies() {
        assertThat(supported()).contains("gpt2-base", "llama3-base", "mistral3-wrapper", "olmo2-gqa");
    }

    @TestFactory
    Stream<DynamicTest> llamaCppComputesWhatTheOracleDoesOn() {
        return supported()
                .filter(id -> !DEVIATIONS.containsKey(id))
                .map(id -> dynamicTest(id, () -> {
                    List<CheckResult> results = run(id);
                    assertThat(results).hasSizeGreaterThan(UNDECLARED.size());
                    assertThat(results)
                            .allSatisfy(result -> assertThat(result.outcome())
                                    .as("%s", result)
                                    .isEqualTo(
                                            UNDECLARED.contains(result.check()) ? Outcome.UNSUPPORTED : Outcome.PASS));
                }));
    }

    /// A deviation that goes away, or becomes an error of another kind, is to be looked at.
    @TestFactory
    Stream<DynamicTest> aKnownDeviationIsFarBeyondTheBudgetOn() {
        return supported()
                .filter(DEVIATIONS::containsKey)
                .map(id -> dynamicTest(id + ": " + DEVIATIONS.get(id), () -> {
                    CheckResult oneShot = run(id).getFirst();
                    assertThat(oneShot.check()).isEqualTo("one-shot");
                    assertThat(oneShot.outcome()).isEqualTo(Outcome.FAIL);
                    BudgetUse worst = Objects.requireNonNull(oneShot.worst());
                    assertThat(worst.rms()).isGreaterThan(100 * worst.rmsBudget());
                }));
    }

    private static List<CheckResult> run(String id) {
        return GoldenSuite.run(ENGINE, Goldens.bundled(id), LoadOptions.defaults(), _ -> {});
    }

    /// What a table of float16 looks like: too far off for float32, too near for a wrong model.
    @Test
    void geluIsWrongByWhatFloat16Loses() {
        BudgetUse worst = Objects.requireNonNull(run("gpt2-base").getFirst().worst());
        double scale = Arrays.stream(
                        Goldens.bundled("gpt2-base").longestPrompt().logits())
                .flatMapToDouble(Arrays::stream)
                .map(logit -> logit * logit)
                .average()
                .orElseThrow();
        assertThat(worst.rms() / Math.sqrt(scale)).isBetween(0x1p-14, 0x1p-9);
    }
}
