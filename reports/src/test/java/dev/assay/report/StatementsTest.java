package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.report.certificate.Statement;
import dev.assay.report.certificate.Statement.Resource;
import dev.assay.report.certificate.Statements;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StatementsTest {
    private static final Resource JAR = new Resource("engine.jar", Map.of("sha256", Samples.DIGEST));

    private static Statement of(Report report) {
        return Statements.of(report, JAR, Map.of("two", "22", "one", "11"), "full", null);
    }

    @Test
    void sharesOutTheResults() {
        Statement.Predicate predicate = of(Samples.report(
                        Samples.passed("reference", "one-shot"),
                        Samples.failed("reference", "token-by-token"),
                        Samples.ended("reference", Outcome.UNSUPPORTED, "no kernel")))
                .predicate();

        assertThat(predicate.result()).isEqualTo("FAILED");
        assertThat(predicate.passedTests()).containsExactly("qwen3-base/one-shot");
        assertThat(predicate.failedTests()).containsExactly("qwen3-base/token-by-token");
        assertThat(predicate.warnedTests()).containsExactly("llama3-base/causality");
        assertThat(predicate.assay().verdict()).isEqualTo(Verdict.NON_CONFORMANT);
        assertThat(predicate.assay().evidence()).isEqualTo(EvidenceLevel.FULL_LOGITS_AND_TAPS);
        assertThat(predicate.configuration()).extracting(Resource::name).containsExactly("golden:one", "golden:two");
    }

    @Test
    void onlyConformanceIsPassed() {
        assertThat(of(Samples.report(Samples.passed("reference", "one-shot")))
                        .predicate()
                        .result())
                .isEqualTo("PASSED");
        assertThat(of(Samples.report(Samples.passedBy("reference", "one", EvidenceLevel.GREEDY_TOKENS)))
                        .predicate()
                        .result())
                .isEqualTo("WARNED");
    }

    @Test
    void ofAFaultOrSeveralEnginesNothingIsCertified() {
        Report fault = Samples.report(List.of(new Fault("run", "nothing", "./assay verify")));
        Report two = Samples.report(Samples.passed("one", "one-shot"), Samples.passed("two", "one-shot"));

        assertThatThrownBy(() -> of(fault)).hasMessageContaining("found verdict FAULT");
        assertThatThrownBy(() -> of(two)).hasMessageContaining("expected a whole run of one engine");
    }
}
