package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class VerdictsTest {
    private static final CheckResult PASSED = Samples.passed("reference", "one-shot");

    @ParameterizedTest
    @CsvSource({
        "PASS, CONFORMANT",
        "WAIVED, CONFORMANT",
        "UNSUPPORTED, CONFORMANT",
        "NOT_RUN, CONFORMANT",
        "FAIL, NON_CONFORMANT",
        "ERROR, NON_CONFORMANT",
        "CRASH, NON_CONFORMANT",
        "TIMEOUT, NON_CONFORMANT",
        "CAPABILITY_LIE, NON_CONFORMANT",
        "STALE_WAIVER, NON_CONFORMANT",
        "INCONCLUSIVE, INCONCLUSIVE"
    })
    void oneOutcomeBesideAPass(Outcome outcome, Verdict verdict) {
        CheckResult other = Samples.ended("reference", outcome, "because");
        assertThat(Verdicts.of(List.of(PASSED, other), List.of())).isEqualTo(verdict);
        assertThat(Verdicts.of(List.of(other, PASSED), List.of())).isEqualTo(verdict);
    }

    @Test
    void nothingAtAllIsAFault() {
        assertThat(Verdicts.of(List.of(), List.of())).isEqualTo(Verdict.FAULT);
    }

    @ParameterizedTest
    @EnumSource(
            value = Outcome.class,
            names = {"UNSUPPORTED", "NOT_RUN"})
    void nothingThatRanIsAFault(Outcome outcome) {
        assertThat(Verdicts.of(List.of(Samples.ended("reference", outcome, "because")), List.of()))
                .isEqualTo(Verdict.FAULT);
    }

    @Test
    void aFaultOutranksAFailure() {
        List<Fault> faults = List.of(new Fault("qwen3-base", "digest", "./assay verify"));
        assertThat(Verdicts.of(List.of(PASSED), faults)).isEqualTo(Verdict.FAULT);
        assertThat(Verdicts.of(List.of(Samples.failed("reference", "one-shot")), faults))
                .isEqualTo(Verdict.FAULT);
    }

    @Test
    void aFailureOutranksAnInconclusiveCheck() {
        assertThat(Verdicts.of(
                        List.of(
                                Samples.ended("reference", Outcome.INCONCLUSIVE, "noise"),
                                Samples.ended("reference", Outcome.FAIL, "wrong")),
                        List.of()))
                .isEqualTo(Verdict.NON_CONFORMANT);
    }

    @Test
    void anEngineWithoutLogitsIsNotConformant() {
        CheckResult exactOnly = Samples.ended("greedy", Outcome.PASS, null);
        assertThat(Verdicts.of(List.of(PASSED, exactOnly), List.of())).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(Verdicts.evidence(List.of(PASSED, exactOnly)))
                .containsExactly(
                        new EngineEvidence("greedy", EvidenceLevel.NONE),
                        new EngineEvidence("reference", EvidenceLevel.FULL_LOGITS_AND_TAPS));
        assertThat(Verdicts.evidence(List.of(PASSED, Samples.ended("cuda", Outcome.UNSUPPORTED, "no device"))))
                .extracting(EngineEvidence::engine)
                .containsExactly("reference");
    }

    @ParameterizedTest
    @CsvSource({
        "FULL_LOGITS_AND_TAPS, CONFORMANT",
        "FULL_LOGITS, CONFORMANT",
        "TOP_LOG_PROBABILITIES, CONSISTENT",
        "GREEDY_TOKENS, CONSISTENT",
        "NONE, INCONCLUSIVE"
    })
    void onlyFullLogitsCanBeConformant(EvidenceLevel level, Verdict verdict) {
        CheckResult passed = Samples.passedBy("engine", "case", level);

        assertThat(Verdicts.of(List.of(passed), List.of())).isEqualTo(verdict);
        assertThat(Verdicts.of(List.of(passed, PASSED), List.of())).isEqualTo(verdict);
    }

    /// Of each case the strongest check counts, of the engine its weakest case.
    @Test
    void anEngineIsKnownAsWellAsItsLeastKnownCase() {
        List<CheckResult> results = List.of(
                Samples.passedBy("engine", "one", EvidenceLevel.NONE),
                Samples.passedBy("engine", "one", EvidenceLevel.FULL_LOGITS),
                Samples.passedBy("engine", "two", EvidenceLevel.GREEDY_TOKENS),
                Samples.passedBy("engine", "two", EvidenceLevel.TOP_LOG_PROBABILITIES),
                Samples.passedBy("engine", "three", EvidenceLevel.NONE));

        assertThat(Verdicts.evidence(results))
                .containsExactly(new EngineEvidence("engine", EvidenceLevel.TOP_LOG_PROBABILITIES));
        assertThat(Verdicts.of(results, List.of())).isEqualTo(Verdict.CONSISTENT);
    }

    @Test
    void emptinessNamesAnEngineThatRanNothing() {
        List<CheckResult> results = List.of(PASSED, Samples.ended("cuda", Outcome.UNSUPPORTED, "no device"));

        assertThat(Verdicts.emptiness(results, List.of("reference", "cuda"), "./assay verify"))
                .containsExactly(new Fault("cuda", "the engine ran none of its 1 checks: no device", "./assay verify"));
        assertThat(Verdicts.emptiness(results, List.of("reference"), "./assay verify"))
                .isEmpty();
    }

    @Test
    void emptinessNamesARunThatRanNothing() {
        assertThat(Verdicts.emptiness(List.of(), List.of("reference"), "./assay verify"))
                .extracting(Fault::subject)
                .containsExactly("run");
        assertThat(Verdicts.emptiness(
                        List.of(Samples.ended("cuda", Outcome.UNSUPPORTED, "no device")), List.of(), "./assay verify"))
                .containsExactly(new Fault("run", "none of 1 checks ran: no device", "./assay verify"));
    }

    @Test
    void exitCodesAreThoseOfTheDesign() {
        assertThat(Verdict.CONFORMANT.exitCode()).isEqualTo(0);
        assertThat(Verdict.CONSISTENT.exitCode()).isEqualTo(3);
        assertThat(Verdict.NON_CONFORMANT.exitCode()).isEqualTo(1);
        assertThat(Verdict.REGRESSION.exitCode()).isEqualTo(2);
        assertThat(Verdict.INCONCLUSIVE.exitCode()).isEqualTo(3);
        assertThat(Verdict.FAULT.exitCode()).isEqualTo(4);
    }
}
