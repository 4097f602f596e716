package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.networknt.schema.Error;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.assay.report.BenchRow.Checked;
import dev.assay.report.BenchRow.Shape;
import java.util.List;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

/// Rows of measurements: no figure without a checked result, in memory, in the file and by its schema.
class BenchRowTest {
    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(ReportJson.schema(), InputFormat.JSON);

    private static final Report REPORT = BenchSamples.report(
            BenchSamples.measured(),
            BenchSamples.slice(),
            BenchSamples.wrong(),
            BenchSamples.withoutFigures(Checked.ended(Outcome.UNSUPPORTED, "no kernel for yarn")));

    private static List<Error> errors(String json) {
        return SCHEMA.validate(json, InputFormat.JSON);
    }

    @Test
    void readsBackWhatItWrote() {
        assertThat(ReportJson.parse(ReportJson.toJson(REPORT), "test")).isEqualTo(REPORT);
    }

    @Test
    void theSchemaAcceptsRowsWithAndWithoutFigures() {
        assertThat(errors(ReportJson.toJson(REPORT))).isEmpty();
    }

    @Test
    void theSchemaDemandsEveryKey() {
        String json = ReportJson.toJson(BenchSamples.report(BenchSamples.measured()));
        Matcher keys = Pattern.compile("\"([a-z_0-9]+)\" : ").matcher(json);
        int seen = 0;
        while (keys.find()) {
            seen++;
            String broken = json.substring(0, keys.start(1)) + "renamed" + json.substring(keys.end(1));
            assertThat(errors(broken)).as("without %s", keys.group(1)).isNotEmpty();
        }
        assertThat(seen).isGreaterThan(100);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    "outcome" : "PASS"                    | "outcome" : "FAIL"
                    "outcome" : "PASS"                    | "outcome" : "INCONCLUSIVE"
                    "elements" : 10483584                 | "elements" : 0
                    "positions" : 4                       | "positions" : 0
                    "fma_peak_share" : 0.6                | "fma_peak_share" : 0
                    "tokens_per_second" : 320.0           | "tokens_per_second" : "fast"
                    "threads" : 2                         | "threads" : 0
                    "published_layers" : 28               | "published_layers" : 0
                    "logits_sha256" : "01                 | "logits_sha256" : "XY
                    """)
    void theSchemaRefusesBrokenValues(String found, String replacement) {
        String json = ReportJson.toJson(BenchSamples.report(BenchSamples.measured()));
        assertThat(json).contains(found);
        assertThat(errors(json.replaceFirst(Pattern.quote(found), Matcher.quoteReplacement(replacement))))
                .isNotEmpty();
    }

    /// The keys that other tools read.
    @Test
    void keepsTheKeysOfItsFormat() {
        assertThat(ReportJson.toJson(BenchSamples.report(BenchSamples.measured())))
                .contains(
                        "\"bench\" : [",
                        "\"engine\" : \"vector\"",
                        "\"model\" : \"qwen3-0.6b\"",
                        "\"dtype\" : \"bf16\"",
                        "\"threads\" : 2",
                        "\"checked\" : {",
                        "\"tokens_per_second\" : 320.0",
                        "\"fma_peak_share\" : 0.6",
                        "\"bytes_per_token\" : 1.25E9",
                        "\"read_ceiling_share\" : 0.9",
                        "\"counted_bytes\" : 132120576",
                        "\"formula_bytes\" : 132120576",
                        "\"counted\" : 596049920",
                        "\"formula\" : 596049920",
                        "\"read_bytes_per_second\" : 3.2E10",
                        "\"fma_flops_per_second\" : 4.7E11");
    }

    @ParameterizedTest
    @EnumSource(value = Outcome.class, mode = Mode.EXCLUDE, names = "PASS")
    void aRowWithFiguresHasPassedItsCheck(Outcome outcome) {
        BenchRow row = BenchSamples.measured();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchRow(
                        row.engine(),
                        row.model(),
                        row.dtype(),
                        row.threads(),
                        row.shape(),
                        row.execution(),
                        Checked.ended(outcome, "because"),
                        row.prefill(),
                        row.decode(),
                        row.requests(),
                        row.kvCache(),
                        row.activeParameters(),
                        row.memory(),
                        row.ceilings(),
                        row.warmUp(),
                        null,
                        row.reproduce()))
                .withMessageContaining("with a passed check");
    }

    /// A percentile needs a sample beyond it: the 99th of 99 samples would be their maximum under another name.
    @ParameterizedTest
    @CsvSource({
        "9, false, false, false",
        "10, true, false, false",
        "99, true, false, false",
        "100, true, true, false",
        "999, true, true, false",
        "1000, true, true, true"
    })
    void aLatencyHasThePercentilesThatSoManySamplesKnow(long count, boolean p90, boolean p99, boolean p999) {
        BenchRow.Latency latency = BenchRow.Latency.of(count, percentile -> percentile);

        assertThat(latency.p50()).isEqualTo(50);
        assertThat(latency.p90()).isEqualTo(p90 ? 90.0 : null);
        assertThat(latency.p99()).isEqualTo(p99 ? 99.0 : null);
        assertThat(latency.p999()).isEqualTo(p999 ? 99.9 : null);
        assertThat(latency.max()).isEqualTo(100);
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new BenchRow.Latency(
                        count, 50, p90 ? null : Double.valueOf(90), latency.p99(), latency.p999(), 100));
    }

    @Test
    void onlyASliceIsExtrapolated() {
        BenchRow.Extrapolation whole =
                Objects.requireNonNull(BenchSamples.slice().extrapolation());
        assertThat(BenchSamples.slice().with(whole)).isEqualTo(BenchSamples.slice());
        assertThatIllegalArgumentException()
                .isThrownBy(() -> BenchSamples.measured().with(whole))
                .withMessageContaining("only the figures of a slice are extrapolated");
    }

    @Test
    void aPassedCheckHasFigures() {
        assertThatIllegalArgumentException()
                .isThrownBy(() ->
                        BenchSamples.withoutFigures(BenchSamples.measured().checked()));
    }

    @Test
    void aCheckThatComparedNothingCannotPassAndOneThatDidNotPassSaysWhy() {
        Checked checked = BenchSamples.measured().checked();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Checked(
                        Outcome.PASS, 0, 4, checked.reference(), checked.timed(), checked.logitsSha256(), null));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Checked(Outcome.PASS, 1, 4, checked.reference(), null, Samples.DIGEST, null));
        assertThatIllegalArgumentException().isThrownBy(() -> new Checked(Outcome.FAIL, 1, 4, null, null, null, null));
    }

    @ParameterizedTest
    @CsvSource({"0, 28", "29, 28"})
    void aSliceIsAPartOfTheModel(int layers, int publishedLayers) {
        assertThatIllegalArgumentException().isThrownBy(() -> new Shape("qwen3", layers, publishedLayers));
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    3           | 3.0  | 3.0 | 3.0
                    5 1         | 3.0  | 1.0 | 5.0
                    9 1 4       | 4.0  | 1.0 | 9.0
                    2 8 4 100   | 6.0  | 2.0 | 100.0
                    """)
    void aSpreadHasItsMedianBetweenItsEnds(String samples, double median, double min, double max) {
        double[] values = List.of(samples.split(" ")).stream()
                .mapToDouble(Double::parseDouble)
                .toArray();

        Spread spread = Spread.of(values);

        assertThat(spread.median()).isEqualTo(median);
        assertThat(spread.min()).isEqualTo(min);
        assertThat(spread.max()).isEqualTo(max);
        assertThat(spread.samples()).hasSize(values.length).first().isEqualTo(values[0]);
    }

    @Test
    void aSpreadNeedsNumbers() {
        assertThatIllegalArgumentException().isThrownBy(() -> Spread.of());
        assertThatIllegalArgumentException().isThrownBy(() -> Spread.of(1.0, Double.NaN));
    }

    @Test
    void theVerdictIsThatOfTheChecks() {
        BenchRow right = BenchSamples.measured();
        BenchRow unsupported = BenchSamples.withoutFigures(Checked.ended(Outcome.UNSUPPORTED, "no kernel"));
        assertThat(Verdicts.ofBench(List.of(right), List.of())).isEqualTo(Verdict.CONFORMANT);
        assertThat(Verdicts.ofBench(List.of(right, unsupported), List.of())).isEqualTo(Verdict.CONFORMANT);
        assertThat(Verdicts.ofBench(List.of(right, BenchSamples.wrong()), List.of()))
                .isEqualTo(Verdict.NON_CONFORMANT);
        assertThat(Verdicts.ofBench(List.of(unsupported), List.of())).isEqualTo(Verdict.FAULT);
        assertThat(Verdicts.ofBench(List.of(), List.of())).isEqualTo(Verdict.FAULT);
        assertThat(Verdicts.ofBench(List.of(right), List.of(new Fault("run", "broken", "./assay"))))
                .isEqualTo(Verdict.FAULT);
    }

    @Test
    void theConsoleShowsFiguresAndWhyThereAreNone() {
        String text = ConsoleBench.render(REPORT, false);

        assertThat(text)
                .startsWith("ENGINE  MODEL ")
                .contains("vector  qwen3-0.6b ", " 320.00 (310.00-330.00)   60.0 %  25.00 (24.50-25.50)      90.0 %\n")
                .contains("deepseek-v3 (4 of 61 layers)")
                .containsPattern("vector  qwen3-0.6b +bf16 +2  FAIL +- +- +- +-\n")
                .contains("      the check run is off the reference\n", "      no kernel for yarn\n")
                .contains("budget used 25.0 %, timed against check run 12.5 %")
                .contains("time to first token: p50 1600.00 ms, max 1650.00 ms of 3\n")
                .contains("inter-token latency: p50 39.50 ms, p90 41.00 ms, p99 44.25 ms, max 51.00 ms of 192\n")
                .contains("2 sessions in turn: 27.00 (26.00-28.00) tokens/s in all")
                .contains("open loop, 10 requests at 0.250/s", "waiting: p50 0.00 ms, p90 2300.00 ms, max 2400.00 ms")
                .contains("recording: 195 latencies of 50 ns each, 0.00015 % of the time measured")
                .contains("EXTRAPOLATED to all 61 layers, not measured: decode 0.750 (95 %: 0.500 to 1.000)")
                .contains("1250.0 MB moved, 1.300 GFLOP, 607,744 bytes allocated (its logits take 607,744)")
                .contains("read 32.0 GB/s (31.0 to 33.0), float32 FMA 470 GFLOP/s (468 to 473)")
                .contains("      reproduce: ./assay bench --shape qwen3-0.6b --engine vector\n");
    }
}
