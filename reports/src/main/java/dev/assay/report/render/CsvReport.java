package dev.assay.report.render;

import dev.assay.report.BenchRow;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Comparison;
import dev.assay.report.Interval;
import dev.assay.report.Report;
import dev.assay.report.SpeedComparison;
import dev.assay.report.Sweep;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A report as comma-separated values (RFC 4180): a line for each check, each measurement, or each metric compared.
/// Units stand in the names of the columns; what there is no figure for is empty.
public final class CsvReport {
    private static final List<String> CHECK_COLUMNS = List.of(
            "engine",
            "architecture",
            "case",
            "check",
            "outcome",
            "elements",
            "budget_used",
            "tap",
            "prompt",
            "rms",
            "rms_budget",
            "max",
            "max_budget",
            "yardstick",
            "message",
            "milliseconds",
            "reproduce");

    private static final List<String> BENCH_COLUMNS = List.of(
            "engine",
            "model",
            "dtype",
            "threads",
            "layers",
            "published_layers",
            "outcome",
            "budget_used",
            "prefill_tokens",
            "prefill_tokens_per_second",
            "prefill_tokens_per_second_min",
            "prefill_tokens_per_second_max",
            "prefill_fma_peak_share",
            "decode_tokens",
            "decode_tokens_per_second",
            "decode_tokens_per_second_min",
            "decode_tokens_per_second_max",
            "decode_read_ceiling_share",
            "latency_p50_ms",
            "latency_p90_ms",
            "latency_p99_ms",
            "latency_p999_ms",
            "latency_max_ms",
            "ttft_p50_ms",
            "ttft_max_ms",
            "tpot_p50_ms",
            "tpot_max_ms",
            "recording_share",
            "bytes_per_token",
            "flops_per_token",
            "allocated_bytes_per_token",
            "kv_cache_counted_bytes",
            "kv_cache_formula_bytes",
            "active_parameters_counted",
            "active_parameters_formula",
            "peak_rss_bytes",
            "off_heap_bytes",
            "extrapolated_prefill_tokens_per_second",
            "extrapolated_decode_tokens_per_second",
            "message",
            "reproduce");

    private static final List<String> COMPARISON_COLUMNS = List.of(
            "metric",
            "change",
            "ratio",
            "ratio_low",
            "ratio_high",
            "confidence",
            "detectable_share",
            "control_low",
            "control_high",
            "reason",
            "known",
            "baseline",
            "candidate");

    private CsvReport() {}

    /// The lines of a report, the names of the columns first, each ended by a carriage return and a line feed.
    public static String render(Report report) {
        List<List<String>> lines = new ArrayList<>();
        SpeedComparison comparison = report.comparison();
        if (comparison != null) {
            lines.add(COMPARISON_COLUMNS);
            comparison.metrics().forEach(metric -> lines.add(line(metric, comparison)));
        } else if (report.bench().isEmpty()) {
            lines.add(CHECK_COLUMNS);
            report.results().forEach(result -> lines.add(line(result)));
        } else {
            lines.add(BENCH_COLUMNS);
            report.bench().forEach(row -> lines.add(line(row)));
        }
        return lines(lines);
    }

    /// The measurements of a sweep, the values of its settings in front.
    static String render(Sweep sweep) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(joined(sweep.settings().stream().map(CsvReport::text).toList(), BENCH_COLUMNS));
        for (Sweep.Point point : sweep.points()) {
            List<String> values = point.values().stream().map(CsvReport::text).toList();
            switch (point) {
                case Sweep.Point.Measured(List<String> _, List<BenchRow> rows) ->
                    rows.forEach(row -> lines.add(joined(values, line(row))));
                case Sweep.Point.Failed(List<String> _, String message) -> {
                    List<String> cells = new ArrayList<>(empty(BENCH_COLUMNS.size()));
                    cells.set(BENCH_COLUMNS.indexOf("message"), text(message));
                    lines.add(joined(values, cells));
                }
            }
        }
        return lines(lines);
    }

    private static List<String> joined(List<String> first, List<String> then) {
        List<String> all = new ArrayList<>(first);
        all.addAll(then);
        return all;
    }

    private static String lines(List<List<String>> lines) {
        return lines.stream().map(cells -> String.join(",", cells) + "\r\n").collect(Collectors.joining());
    }

    private static List<String> line(CheckResult result) {
        BudgetUse worst = result.worst();
        return List.of(
                text(result.engine()),
                text(result.architecture()),
                text(result.caseId()),
                text(result.check()),
                result.outcome().name(),
                "" + result.elements(),
                worst == null ? "" : "" + worst.used(),
                worst == null ? "" : text(worst.tap()),
                worst == null ? "" : text(worst.prompt()),
                worst == null ? "" : "" + worst.rms(),
                worst == null ? "" : "" + worst.rmsBudget(),
                worst == null ? "" : "" + worst.max(),
                worst == null ? "" : "" + worst.maxBudget(),
                worst == null ? "" : worst.yardstick().name(),
                text(result.message()),
                "" + result.milliseconds(),
                text(result.reproduce()));
    }

    private static List<String> line(Comparison metric, SpeedComparison of) {
        Interval ratio = metric.ratio();
        return List.of(
                text(metric.metric()),
                metric.change().name(),
                "" + ratio.ratio(),
                "" + ratio.low(),
                "" + ratio.high(),
                "" + ratio.confidence(),
                "" + ratio.detectable(),
                "" + metric.control().low(),
                "" + metric.control().high(),
                text(metric.reason()),
                text(metric.known()),
                text(of.baseline()),
                text(of.candidate()));
    }

    private static List<String> line(BenchRow row) {
        List<String> cells = new ArrayList<>(List.of(
                text(row.engine()),
                text(row.model()),
                text(row.dtype()),
                "" + row.threads(),
                "" + row.shape().layers(),
                "" + row.shape().publishedLayers(),
                row.checked().outcome().name()));
        BudgetUse use = row.checked().reference();
        cells.add(use == null ? "" : "" + use.used());
        BenchRow.Prefill prefill = row.prefill();
        cells.addAll(
                prefill == null
                        ? empty(5)
                        : figures(
                                prefill.tokens(),
                                prefill.tokensPerSecond(),
                                prefill.spread().min(),
                                prefill.spread().max(),
                                prefill.fmaPeakShare()));
        BenchRow.Decode decode = row.decode();
        cells.addAll(
                decode == null
                        ? empty(10)
                        : figures(
                                decode.tokens(),
                                decode.tokensPerSecond(),
                                decode.spread().min(),
                                decode.spread().max(),
                                decode.readCeilingShare(),
                                decode.latency().p50(),
                                decode.latency().p90(),
                                decode.latency().p99(),
                                decode.latency().p999(),
                                decode.latency().max()));
        BenchRow.Requests requests = row.requests();
        cells.addAll(
                requests == null
                        ? empty(5)
                        : figures(
                                requests.ttft().p50(),
                                requests.ttft().max(),
                                requests.tpot().p50(),
                                requests.tpot().max(),
                                requests.recording().share()));
        cells.addAll(
                decode == null
                        ? empty(3)
                        : figures(decode.bytesPerToken(), decode.flopsPerToken(), decode.allocatedBytesPerToken()));
        BenchRow.KvCache cache = row.kvCache();
        cells.addAll(cache == null ? empty(2) : figures(cache.countedBytes(), cache.formulaBytes()));
        BenchRow.ActiveParameters active = row.activeParameters();
        cells.addAll(active == null ? empty(2) : figures(active.counted(), active.formula()));
        BenchRow.Memory memory = row.memory();
        cells.addAll(memory == null ? empty(2) : figures(memory.peakRssBytes(), memory.offHeapBytes()));
        BenchRow.Extrapolation whole = row.extrapolation();
        cells.addAll(
                whole == null
                        ? empty(2)
                        : figures(
                                whole.prefillTokensPerSecond().value(),
                                whole.decodeTokensPerSecond().value()));
        cells.add(text(row.checked().message()));
        cells.add(text(row.reproduce()));
        return cells;
    }

    /// A figure that is not known is empty.
    private static List<String> figures(@Nullable Number... figures) {
        return Arrays.stream(figures)
                .map(figure -> Objects.toString(figure, ""))
                .toList();
    }

    private static List<String> empty(int cells) {
        return Collections.nCopies(cells, "");
    }

    /// A cell of text. One that a spreadsheet would take for a formula gets an apostrophe in front, which
    /// spreadsheets do not show: the text may be an engine's.
    private static String text(@Nullable String text) {
        if (text == null || text.isEmpty()) {
            return "";
        }
        String safe = "=+-@\t\r".indexOf(text.charAt(0)) >= 0 ? "'" + text : text;
        return safe.chars().anyMatch(c -> c == ',' || c == '"' || c == '\n' || c == '\r')
                ? '"' + safe.replace("\"", "\"\"") + '"'
                : safe;
    }
}
