package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.report.Count.Quantity;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ConsoleReportTest {
    private static final Report REPORT = Samples.report(
            Samples.passed("reference", "one-shot"),
            Samples.failed("reference", "token-by-token"),
            Samples.ended("cuda", Outcome.UNSUPPORTED, "no device"));

    @Test
    void tellsTheWholeStory() {
        assertThat(ConsoleReport.render(REPORT, false)).isEqualTo("""
                        ENGINE     ARCHITECTURE  CASE         CHECK           OUTCOME      ELEMENTS          BUDGET  WHERE
                        reference  qwen3         qwen3-base   one-shot        PASS           12,345          50.0 %  context.2 @ len37
                        reference  qwen3         qwen3-base   token-by-token  FAIL            4,000  37,500,000 % *  logits @ len2
                        cuda       llama3        llama3-base  causality       UNSUPPORTED         0               -  no device

                        BUDGET is the largest share of the allowed difference used, at WHERE (tap @ prompt); - is an exact check.
                        * the golden records no float32 error there: judged by the tap's standard deviation.

                        FAIL  reference  qwen3  qwen3-base  token-by-token
                              first divergence: layer 1, attention_input.1, prompt len37, token 17, channel 3: expected 0.1, actual -2.5 (123,450 % of the budget there)
                              reproduce: ./assay verify --engine reference --case qwen3-base

                        NON_CONFORMANT: PASS 1, FAIL 1, UNSUPPORTED 1
                        2 engines, 2 cases, 3 checks, 16,345 numbers compared in 1.2 s
                        evidence on reference: full logits with taps
                        """);
    }

    @Test
    void showsFormulaAndCountSideBySide() {
        Report report = Samples.report(
                Samples.passed("reference", "one-shot"),
                Samples.counted(
                        "reference",
                        "kv-cache-bytes",
                        Outcome.FAIL,
                        new Count(Quantity.KV_CACHE_BYTES, 1, 960, 960),
                        new Count(Quantity.KV_CACHE_BYTES, 2, 1920, 1924)),
                Samples.counted(
                        "reference",
                        "experts-per-token",
                        Outcome.PASS,
                        new Count(Quantity.EXPERTS_PER_TOKEN, 8, 3, 3),
                        new Count(Quantity.ACTIVE_PARAMETERS, 8, 1_204, 1_204)));

        assertThat(ConsoleReport.render(report, false)).contains("""

                        ENGINE     CASE            KV-CACHE BYTES @ POSITIONS         EXPERTS PER TOKEN  ACTIVE PARAMETERS  EVENNESS OF ROUTING
                        reference  qwen3-moe-base  960 = 960 @ 1; 1,920 != 1,924 @ 2  3 = 3              1,204 = 1,204         75.0 % to 75.0 %

                        Formula = counted while the engine ran, != where they differ. EVENNESS is the entropy""");
        assertThat(ConsoleReport.render(report, true)).contains("\033[31m960 = 960 @ 1; 1,920 != 1,924 @ 2\033[0m");
    }

    @Test
    void usesColoursOnlyWhenAsked() {
        assertThat(ConsoleReport.render(REPORT, false)).doesNotContain("\033");
        assertThat(ConsoleReport.render(REPORT, true))
                .contains("\033[32mPASS\033[0m", "\033[31mFAIL\033[0m", "\033[33mUNSUPPORTED\033[0m");
    }

    @Test
    void coloursDoNotMoveTheColumns() {
        assertThat(ConsoleReport.render(REPORT, true).replaceAll("\033\\[[0-9]+m", ""))
                .isEqualTo(ConsoleReport.render(REPORT, false));
    }

    @Test
    void isAsciiWhateverTheEngineSays() {
        String text = ConsoleReport.render(
                Samples.report(Samples.ended("reference", Outcome.ERROR, "k\u00f6nnte\n\u001b[2Jsein")), true);
        assertThat(text).contains("      k\\u00f6nnte\n      \\u001b[2Jsein\n").matches("(?s)[\\n\\x20-\\x7e\\x1b]*");
    }

    @Test
    void aFaultIsToldWithItsCommand() {
        String text = ConsoleReport.render(
                Samples.report(List.of(new Fault("qwen3-base", "config.json: digest differs", "./assay verify -x"))),
                false);
        assertThat(text).startsWith("""

                        FAULT  qwen3-base
                              config.json: digest differs
                              reproduce: ./assay verify -x

                        FAULT: no check ran; 1 fault
                        """);
    }

    @Test
    void anEngineWithoutLogitsIsNamed() {
        assertThat(ConsoleReport.render(Samples.report(Samples.ended("greedy", Outcome.PASS, null)), false))
                .contains(
                        "INCONCLUSIVE: PASS 1\n",
                        "\nevidence on greedy: no comparison with the oracle, so it cannot be called conformant\n");
    }

    @Test
    void consistentIsNotConformant() {
        CheckResult result = Samples.passedBy("remote", "qwen3-base", EvidenceLevel.TOP_LOG_PROBABILITIES);
        assertThat(ConsoleReport.render(Samples.report(result), false))
                .contains(
                        "\nCONSISTENT: PASS 1\n",
                        "\nevidence on remote: top log-probabilities, so it cannot be called conformant\n");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0.0 %",
        "0.1234, 12.3 %",
        "1, 100.0 %",
        "9.9994, 999.9 %",
        "12.345, '1,235 %'",
        "1e9, 1.0e+11 %",
        "NaN, NaN",
        "Infinity, Infinity"
    })
    void showsSharesOfEverySize(double share, String text) {
        assertThat(ConsoleReport.percent(share)).isEqualTo(text);
    }
}
