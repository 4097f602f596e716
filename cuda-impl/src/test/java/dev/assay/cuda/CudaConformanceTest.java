package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.conformance.suite.Rule;
import dev.assay.cuda.driver.Images;
import dev.assay.cuda.stage.Activations;
import dev.assay.cuda.stage.DenseProducts;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.Goldens;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// What `assay verify --engine cuda` runs, on the fake driver.
///
/// The fake is slow: 10 to 20 s for all rules of a case. So each case is asked the rules that reach every kernel, for a
/// prompt at once and for token after token, and one case is asked all; `cuda-impl/gpu/run.sh` asks all of all on a
/// GPU.
class CudaConformanceTest {
    private static final Set<String> REACH_EVERY_KERNEL =
            Set.of("one-shot", "token-by-token", "routed-experts", "kv-cache-bytes");

    @BeforeAll
    static void useTheFakeDriver() {
        FakeDriver.use();
    }

    static List<String> cases() {
        return Goldens.ids();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void passesTheRulesThatReachEveryKernel(String id) {
        assertPasses(id, rule -> REACH_EVERY_KERNEL.contains(rule.id()));
    }

    @Test
    void passesEveryRule() {
        assertPasses("deepseek-v3-fp8", _ -> true);
    }

    /// Cases whose rows can be read in groups: of bfloat16 weights, and of GPT-2 of float16 ones.
    @ParameterizedTest
    @ValueSource(strings = {"gpt2-even", "llama3-even", "deepseek-v2-5x"})
    void passesWithProductsByCublas(String id) {
        assertPasses(
                new CudaEngine(Activations.FLOAT32, DenseProducts.CUBLAS, Images.CUBIN),
                id,
                rule -> REACH_EVERY_KERNEL.contains(rule.id()));
    }

    private static void assertPasses(String id, Predicate<Rule> wanted) {
        assertPasses(new CudaEngine(), id, wanted);
    }

    private static void assertPasses(CudaEngine engine, String id, Predicate<Rule> wanted) {
        List<CheckResult> results =
                GoldenSuite.run(engine, Goldens.bundled(id), LoadOptions.defaults(), wanted, _ -> {});
        assertThat(results).hasSizeGreaterThan(1).allSatisfy(result -> {
            assertThat(result.outcome()).as(result.toString()).isEqualTo(Outcome.PASS);
            assertThat(result.elements()).isPositive();
        });
    }
}
