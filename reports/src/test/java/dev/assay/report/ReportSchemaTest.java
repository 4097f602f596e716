package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.dialect.Dialects;
import dev.assay.report.BudgetUse.Yardstick;
import dev.assay.report.Count.Quantity;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ReportSchemaTest {
    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(ReportJson.schema(), InputFormat.JSON);

    private static final Report REPORT = Samples.report(
            Samples.passed("reference", "one-shot"),
            Samples.failed("reference", "token-by-token"),
            Samples.counted(
                    "reference", "experts-per-token", Outcome.PASS, new Count(Quantity.EXPERTS_PER_TOKEN, 8, 3, 3)),
            Samples.ended("reference", Outcome.UNSUPPORTED, "no kernel"));

    private static List<Error> errors(String json) {
        return SCHEMA.validate(json, InputFormat.JSON);
    }

    @Test
    void theSchemaIsAValidSchema() {
        Schema metaSchema = SchemaRegistry.withDialect(Dialects.getDraft202012())
                .getSchema(com.networknt.schema.SchemaLocation.of(
                        Dialects.getDraft202012().getId()));
        assertThat(metaSchema.validate(ReportJson.schema(), InputFormat.JSON)).isEmpty();
    }

    @Test
    void acceptsAReport() {
        assertThat(errors(ReportJson.toJson(REPORT))).isEmpty();
    }

    @Test
    void acceptsAReportOfAFault() {
        assertThat(errors(ReportJson.toJson(Samples.report(List.of(new Fault("run", "nothing", "./assay verify"))))))
                .isEmpty();
    }

    @Test
    void acceptsAComparisonAndReadsItBack() {
        Report report = BenchSamples.compared(BenchSamples.comparison(), BenchSamples.measured());
        String json = ReportJson.toJson(report);
        assertThat(errors(json)).isEmpty();
        assertThat(ReportJson.parse(json, "here")).isEqualTo(report);
    }

    /// Every key of a comparison is required, at every level.
    @Test
    void refusesAComparisonWithoutAnyOneOfItsKeys() {
        String json = ReportJson.toJson(BenchSamples.compared(BenchSamples.comparison(), BenchSamples.measured()));
        Matcher keys = Pattern.compile("\"([a-z_0-9]+)\" : ").matcher(json);
        int seen = 0;
        for (int from = json.indexOf("\"comparison\" : {"); keys.find(from); from = keys.end()) {
            seen++;
            String broken = json.substring(0, keys.start(1)) + "renamed" + json.substring(keys.end(1));
            assertThat(errors(broken)).as("without %s", keys.group(1)).isNotEmpty();
        }
        assertThat(seen).isGreaterThan(60);
    }

    @ParameterizedTest
    @EnumSource(Change.class)
    void acceptsEveryChange(Change change) {
        String json = ReportJson.toJson(BenchSamples.compared(BenchSamples.comparison(), BenchSamples.measured()));
        assertThat(errors(json.replaceAll("\"change\" : \"[A-Z]+\"", "\"change\" : \"" + change + "\"")))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Outcome.class)
    void acceptsEveryOutcome(Outcome outcome) {
        Report report =
                Samples.report(Samples.passed("reference", "one-shot"), Samples.ended("reference", outcome, "because"));
        assertThat(errors(ReportJson.toJson(report))).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Verdict.class)
    void acceptsEveryVerdict(Verdict verdict) {
        String json = verdict == Verdict.FAULT
                ? ReportJson.toJson(Samples.report(List.of(new Fault("run", "nothing", "./assay verify"))))
                : ReportJson.toJson(REPORT).replace("\"NON_CONFORMANT\"", "\"" + verdict + "\"");
        assertThat(errors(json)).isEmpty();
    }

    @ParameterizedTest
    @EnumSource(Yardstick.class)
    void acceptsEveryYardstick(Yardstick yardstick) {
        assertThat(errors(ReportJson.toJson(REPORT).replaceAll("\"RECORDED\"", "\"" + yardstick + "\"")))
                .isEmpty();
    }

    @ParameterizedTest
    @EnumSource(EvidenceLevel.class)
    void acceptsEveryEvidenceLevel(EvidenceLevel level) {
        String json = ReportJson.toJson(Samples.report(Samples.passedBy("reference", "qwen3-base", level)));

        assertThat(errors(json)).isEmpty();
        assertThat(json.replaceAll("\\s+", " "))
                .contains("\"evidence\" : [ { \"engine\" : \"reference\", \"level\" : \"" + level + "\" } ]");
    }

    @ParameterizedTest
    @EnumSource(Quantity.class)
    void acceptsEveryQuantity(Quantity quantity) {
        assertThat(errors(ReportJson.toJson(REPORT).replaceAll("\"EXPERTS_PER_TOKEN\"", "\"" + quantity + "\"")))
                .isEmpty();
    }

    @Test
    void acceptsWhatIsNoNumber() {
        Report report = Samples.report(new CheckResult(
                "reference",
                "qwen3",
                "qwen3-base",
                "one-shot",
                Outcome.FAIL,
                EvidenceLevel.FULL_LOGITS_AND_TAPS,
                1,
                new BudgetUse("logits", "len1", Double.NaN, 1, Double.POSITIVE_INFINITY, 1, Yardstick.RECORDED),
                new Divergence(
                        "logits",
                        -1,
                        Divergence.Method.TRUNCATED_MODELS,
                        "len1",
                        0,
                        0,
                        0.5,
                        Double.NEGATIVE_INFINITY,
                        Double.NaN),
                List.of(new TapUse("logits", -1, Double.NaN)),
                null,
                List.of(),
                List.of(),
                1,
                "./assay verify"));
        assertThat(errors(ReportJson.toJson(report))).isEmpty();
    }

    /// Every key of a full report is required, at every level.
    @Test
    void refusesAReportWithoutAnyOneOfItsKeys() {
        String json = ReportJson.toJson(Samples.report(
                List.of(new Fault("run", "nothing", "./assay verify")),
                REPORT.results().toArray(CheckResult[]::new)));
        assertThat(errors(json)).isEmpty();
        // The last key of an object has no comma behind it: rename each key instead of cutting it out.
        Matcher keys = Pattern.compile("\"([a-z_0-9]+)\" : ").matcher(json);
        int seen = 0;
        while (keys.find()) {
            seen++;
            String broken = json.substring(0, keys.start(1)) + "renamed" + json.substring(keys.end(1));
            assertThat(errors(broken)).as("without %s", keys.group(1)).isNotEmpty();
        }
        assertThat(seen).isGreaterThan(60);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    "elements" : 12345              | "elements" : 0
                    "elements" : 12345              | "elements" : -1
                    "elements" : 12345              | "elements" : 1.5
                    "outcome" : "PASS"              | "outcome" : "PASSED"
                    "verdict" : "NON_CONFORMANT"    | "verdict" : "FAULT"
                    "verdict" : "NON_CONFORMANT"    | "verdict" : "FINE"
                    "message" : "no kernel"         | "message" : null
                    "shard" : null                  | "shard" : "1 of 2"
                    "rms" : 1.0E-7                  | "rms" : null
                    "rms" : 1.0E-7                  | "rms" : "nan"
                    "quantity" : "EXPERTS_PER_TOKEN"| "quantity" : "EXPERTS"
                    "counted" : 3                   | "counted" : -3
                    "prompt" : "len8"               | "prompt" : null
                    "evenness" : 0.75               | "evenness" : "NaN"
                    "format" : "assay-report/1"     | "format" : "assay-report/2"
                    "engine" : "reference"          | "engine" : "The Reference"
                    2026-11-23T10:15:30Z            | 2026-11-23 10:15:30
                    "milliseconds" : 12.25          | "milliseconds" : -1
                    0123456789abcdef0123456789abcdef| 0123456789ABCDEF0123456789ABCDEF
                    """)
    void refusesBrokenValues(String found, String replacement) {
        String json = ReportJson.toJson(REPORT);
        assertThat(json).contains(found);
        assertThat(errors(json.replaceFirst(Pattern.quote(found), Matcher.quoteReplacement(replacement))))
                .isNotEmpty();
    }

    @Test
    void refusesAConformantRunWithoutResults() {
        String json = ReportJson.toJson(Samples.report(Samples.passed("reference", "one-shot")));
        String empty = json.substring(0, json.indexOf("\"results\" : ["))
                + "\"results\" : [ ],\n\"bench\" : [ ],\n\"comparison\" : null\n}";
        assertThat(errors(json)).isEmpty();
        assertThat(errors(empty)).isNotEmpty();
    }
}
