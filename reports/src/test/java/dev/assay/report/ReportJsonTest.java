package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.report.BudgetUse.Yardstick;
import dev.assay.report.Count.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ReportJsonTest {
    private static final Report REPORT = Samples.report(
            Samples.passed("reference", "one-shot"),
            Samples.failed("reference", "token-by-token"),
            Samples.counted(
                    "reference",
                    "experts-per-token",
                    Outcome.PASS,
                    new Count(Quantity.EXPERTS_PER_TOKEN, 8, 3, 3),
                    new Count(Quantity.ACTIVE_PARAMETERS, 8, 36_625_603_584L, 36_625_603_584L)),
            Samples.ended("reference", Outcome.UNSUPPORTED, "no kernel for \"yarn\" \u2014 none"));

    @TempDir
    private Path folder;

    @Test
    void readsBackWhatItWrote() {
        assertThat(ReportJson.parse(ReportJson.toJson(REPORT), "test")).isEqualTo(REPORT);
    }

    @Test
    void writesTheSameBytesEveryTime() {
        String json = ReportJson.toJson(REPORT);
        assertThat(ReportJson.toJson(ReportJson.parse(json, "test"))).isEqualTo(json);
        assertThat(json).doesNotContain("\r").endsWith("}\n");
    }

    @Test
    void namesKeysInSnakeCaseInTheOrderOfTheRecord() {
        assertThat(ReportJson.toJson(REPORT))
                .startsWith(
                        "{\n  \"format\" : \"assay-report/1\",\n  \"suite_version\" : \"0.1.0\",\n  \"goldens_sha256\"")
                .contains("\"case_id\" : \"qwen3-base\"", "\"first_divergence\" : null", "\"shard\" : null");
    }

    @Test
    void writesTheShareUsedForReadersOfTheFile() {
        assertThat(ReportJson.toJson(REPORT)).contains("\"used\" : 0.5").contains("\"used\" : 375000.0");
    }

    @Test
    void writesFormulaAndCountSideBySide() {
        assertThat(ReportJson.toJson(REPORT).replaceAll("\\s+", " ")).contains("""
                "counts" : [ { "quantity" : "EXPERTS_PER_TOKEN", "tokens" : 8, "formula" : 3, "counted" : 3 }, \
                { "quantity" : "ACTIVE_PARAMETERS", "tokens" : 8, "formula" : 36625603584, "counted" : 36625603584 } ], \
                "routing" : [ { "layer" : 1, "prompt" : "len8", "tokens" : [ 8, 4, 0, 4 ], "entropy_bits" : 1.5, \
                "evenness" : 0.75 } ]""");
    }

    @ParameterizedTest
    @ValueSource(
            doubles = {
                0,
                -0.0,
                0.1,
                1.0 / 3,
                Double.MIN_VALUE,
                Double.MAX_VALUE,
                1e-7,
                1.2345678901234568e17,
                2.2250738585072014E-308,
                Double.NaN,
                Double.POSITIVE_INFINITY,
                Double.NEGATIVE_INFINITY
            })
    void everyDoubleSurvivesToTheBit(double value) {
        Report report = Samples.report(withRms(value));

        Report back = ReportJson.parse(ReportJson.toJson(report), "test");

        BudgetUse worst = Objects.requireNonNull(back.results().getFirst().worst());
        assertThat(Double.doubleToRawLongBits(worst.rms())).isEqualTo(Double.doubleToRawLongBits(value));
    }

    @ParameterizedTest
    @CsvSource({"NaN, \"NaN\"", "Infinity, \"Infinity\"", "-Infinity, \"-Infinity\""})
    void writesWhatIsNoNumberInJsonAsString(double value, String text) {
        assertThat(ReportJson.toJson(Samples.report(withRms(value)))).contains("\"rms\" : " + text);
    }

    @Test
    void keepsElementCountsBeyondThePrecisionOfADouble() {
        long elements = (1L << 53) + 1;
        Report report = Samples.report(new CheckResult(
                "reference",
                "a",
                "b",
                "c",
                Outcome.PASS,
                EvidenceLevel.FULL_LOGITS_AND_TAPS,
                elements,
                null,
                null,
                List.of(),
                null,
                List.of(),
                List.of(),
                1,
                "./assay verify"));
        assertThat(ReportJson.parse(ReportJson.toJson(report), "test")
                        .results()
                        .getFirst()
                        .elements())
                .isEqualTo(elements);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    "suite_version" : "0.1.0",  | "suite_version" : null,         | suite
                    "suite_version" : "0.1.0",  | ''                              | suite_version
                    "suite_version" : "0.1.0",  | "suite_version" : "1", "x" : 1, | "x"
                    "shard" : null,             | ''                              | shard
                    "shard" : null,             | "shard" : null, "shard" : null, | uplicate
                    "elements" : 12345,         | "elements" : "12345",           | results[0].elements, line
                    "elements" : 12345,         | "elements" : 12345.5,           | results[0].elements, line
                    "elements" : 12345,         | "elements" : null,              | null
                    "outcome" : "PASS",         | "outcome" : "GOOD",             | GOOD
                    "outcome" : "PASS",         | "outcome" : 0,                  | Outcome
                    "elements" : 12345,         | "elements" : 0,                 | compared nothing
                    "rms" : 1.0E-7              | "rms" : "small"                 | small
                    "formula" : 3,              | "formula" : null,               | null
                    "counted" : 3               | "counted" : 2.5                 | results[2].counts[0].counted, line
                    "prompt" : "len8",          | "prompt" : null,                | null
                    "verdict" : "NON_CONFORMANT"| "verdict" : "FAULT"             | 0 faults
                    "faults" : [ ]              | "faults" : [ null ]             | null
                    """)
    void refusesAnythingElseAndSaysWhere(String found, String replacement, String named) {
        String json = ReportJson.toJson(REPORT);
        assertThat(json).contains(found);

        assertThatThrownBy(() -> ReportJson.parse(
                        json.replaceFirst(Pattern.quote(found), Matcher.quoteReplacement(replacement)), "a.json"))
                .isInstanceOf(ReportException.class)
                .hasMessageContaining("a.json: not a report: ")
                .hasMessageContaining(named)
                .hasMessageMatching("(?s).* \\(([a-z_\\[\\]0-9.]+, )?line [0-9]+, column [0-9]+\\)");
    }

    @Test
    void refusesEveryTruncation() {
        String json = ReportJson.toJson(REPORT).stripTrailing();
        for (int length = 0; length < json.length(); length++) {
            String head = json.substring(0, length);
            assertThatThrownBy(() -> ReportJson.parse(head, "a.json"))
                    .as("first %d characters", length)
                    .isInstanceOf(ReportException.class);
        }
    }

    @Test
    void refusesWhatFollowsTheEnd() {
        assertThatThrownBy(() -> ReportJson.parse(ReportJson.toJson(REPORT) + "{}", "a.json"))
                .isInstanceOf(ReportException.class);
    }

    @Test
    void refusesAnotherFormat() {
        assertThatThrownBy(() -> ReportJson.parse(
                        ReportJson.toJson(REPORT).replace("assay-report/1", "assay-report/2"), "a.json"))
                .isInstanceOf(ReportException.class)
                .hasMessage("a.json: format: expected assay-report/1, found assay-report/2");
    }

    @Test
    void refusesJsonThatIsNoObject() {
        assertThatThrownBy(() -> ReportJson.parse("null", "a.json")).isInstanceOf(ReportException.class);
        assertThatThrownBy(() -> ReportJson.parse("[]", "a.json")).isInstanceOf(ReportException.class);
    }

    @Test
    void writesAFileAndCreatesItsFolder() {
        Path file = folder.resolve("some/where/report.json");

        ReportJson.write(REPORT, file);

        assertThat(ReportJson.read(file)).isEqualTo(REPORT);
        assertThat(file.resolveSibling("").toFile().list()).containsExactly("report.json");
    }

    @Test
    void replacesAnOlderFile() throws IOException {
        Path file = folder.resolve("report.json");
        Files.writeString(file, "older");

        ReportJson.write(REPORT, file);

        assertThat(ReportJson.read(file)).isEqualTo(REPORT);
    }

    @Test
    void leavesNothingBehindWhenItCannotWrite() throws IOException {
        Path taken = Files.createDirectories(folder.resolve("report.json/occupied"));

        assertThatThrownBy(() -> ReportJson.write(REPORT, folder.resolve("report.json")))
                .isInstanceOf(ReportException.class)
                .hasMessageContaining("report.json: cannot be written");
        assertThat(folder.toFile().list()).containsExactly("report.json");
        assertThat(taken).isDirectory();
    }

    @Test
    void namesTheFileThatCannotBeRead() {
        assertThatThrownBy(() -> ReportJson.read(folder.resolve("absent.json")))
                .isInstanceOf(ReportException.class)
                .hasMessageContaining("absent.json: cannot be read");
    }

    private static CheckResult withRms(double rms) {
        return new CheckResult(
                "reference",
                "qwen3",
                "qwen3-base",
                "one-shot",
                Outcome.FAIL,
                EvidenceLevel.FULL_LOGITS_AND_TAPS,
                1,
                new BudgetUse("logits", "len1", rms, 1, 1, 1, Yardstick.RECORDED),
                null,
                List.of(),
                null,
                List.of(),
                List.of(),
                1,
                "./assay verify");
    }

    @Test
    void aFaultIsKept() {
        Report report = Samples.report(List.of(new Fault("qwen3-base", "golden.json: digest", "./assay verify")));
        assertThat(ReportJson.parse(ReportJson.toJson(report), "test")).isEqualTo(report);
    }
}
