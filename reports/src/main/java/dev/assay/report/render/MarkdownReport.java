package dev.assay.report.render;

import dev.assay.report.BenchRow;
import dev.assay.report.CheckResult;
import dev.assay.report.Comparison;
import dev.assay.report.Divergence;
import dev.assay.report.EngineEvidence;
import dev.assay.report.Environment;
import dev.assay.report.History;
import dev.assay.report.Interval;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.SpeedComparison;
import dev.assay.report.Spread;
import dev.assay.report.Verdicts;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// A report as GitHub's Markdown, short enough for a pull request or the summary of a build: the verdict, the matrix
/// or the measurements, and the first failures. Whatever an engine may have said stands in code, where it is neither
/// markup nor mentions anyone.
public final class MarkdownReport {
    /// More failures than a reader would go through, and few enough for the limits on the size of a comment.
    private static final int MOST_FAILURES = 20;

    private static final Pattern BACKTICKS = Pattern.compile("`+");

    private final Report report;
    private final StringBuilder out = new StringBuilder();

    private MarkdownReport(Report report) {
        this.report = report;
    }

    /// The Markdown text of a report.
    public static String render(Report report) {
        MarkdownReport text = new MarkdownReport(report);
        text.verdict();
        text.faults();
        text.matrix();
        text.comparison();
        text.measurements();
        text.costs();
        text.failures();
        text.environment();
        return text.out.toString();
    }

    private void verdict() {
        out.append("## ")
                .append(Figures.tone(report.verdict()).mark())
                .append(" Assay: ")
                .append(Figures.title(report))
                .append("\n\n")
                .append(Figures.basis(report).replace("_", "\\_"));
        if (report.shard() != null) {
            out.append(" (shard ").append(report.shard()).append(')');
        }
        out.append("\n\n").append(code(report.command())).append('\n');
        for (EngineEvidence evidence : report.evidence()) {
            out.append("\nevidence on ")
                    .append(code(evidence.engine()))
                    .append(": ")
                    .append(evidence.level().told())
                    .append('\n');
        }
    }

    private void faults() {
        report.faults().forEach(fault -> item("FAULT", fault.subject(), fault.message(), fault.reproduce()));
    }

    private void matrix() {
        if (report.results().isEmpty()) {
            return;
        }
        Matrix matrix = Matrix.of(report.results());
        List<String> titles = new ArrayList<>(List.of("architecture"));
        matrix.engines().forEach(engine -> titles.add(cell(engine)));
        table(titles);
        for (Matrix.Row row : matrix.rows()) {
            List<String> cells = new ArrayList<>(List.of(cell(row.architecture())));
            row.cells()
                    .forEach(cell -> cells.add(cell.tone().mark() + " " + cell.text()
                            + (cell.budget().isEmpty() ? "" : ", budget " + cell.budget())));
            line(cells);
        }
        out.append("\nBudget is the largest share of the allowed difference used.\n");
    }

    private void comparison() {
        SpeedComparison comparison = report.comparison();
        if (comparison == null) {
            return;
        }
        table(List.of("metric", "verdict", "ratio", "interval", "detectable", "control", "note"));
        for (Comparison metric : comparison.metrics()) {
            line(List.of(
                    cell(metric.metric()),
                    Figures.tone(metric).mark() + " " + metric.change(),
                    ratio(metric.ratio().ratio()),
                    range(metric.ratio()),
                    Figures.percent(metric.ratio().detectable()),
                    range(metric.control()),
                    cell(Figures.note(metric))));
        }
        out.append("\nRatio is ")
                .append(code(comparison.candidate()))
                .append(" over ")
                .append(code(comparison.baseline()))
                .append(", in tokens/s; all intervals together hold the true ratios in ")
                .append(Figures.percent(comparison.confidence()))
                .append(" of cases. Changes below ")
                .append(Figures.percent(comparison.margin()))
                .append(" are none. Control: ")
                .append(comparison.control())
                .append(".\n");
        for (History history : comparison.histories()) {
            for (History.Shift shift : history.shifts()) {
                out.append("\n- ")
                        .append(history.alarms().contains(shift) ? "**slower**: " : "")
                        .append(code(history.metric()))
                        .append(" at ")
                        .append(ratio(shift.ratio()))
                        .append(" of its speed since ")
                        .append(code(shift.commit()))
                        .append(shift.known() == null ? "" : ", known: " + code(shift.known()));
            }
        }
        out.append('\n');
    }

    private static String range(Interval interval) {
        return ratio(interval.low()) + " to " + ratio(interval.high());
    }

    private static String ratio(double ratio) {
        return String.format(java.util.Locale.ROOT, "%.3f", ratio);
    }

    private void measurements() {
        if (report.bench().isEmpty()) {
            return;
        }
        table(List.of(
                "engine",
                "model",
                "threads",
                "checked",
                "prefill tokens/s",
                "of peak",
                "decode tokens/s",
                "of ceiling",
                "TTFT p50 ms",
                "TPOT p50 ms",
                "ITL p50 / p99 / max ms",
                "KV bytes"));
        for (BenchRow row : report.bench()) {
            BenchRow.Prefill prefill = row.prefill();
            BenchRow.Decode decode = row.decode();
            BenchRow.Requests requests = row.requests();
            BenchRow.KvCache cache = row.kvCache();
            line(List.of(
                    cell(row.engine()),
                    cell(Figures.model(row)),
                    "" + row.threads(),
                    Figures.tone(row.checked().outcome()).mark() + " "
                            + row.checked().outcome().name().replace("_", "\\_"),
                    prefill == null ? "" : rate(prefill.spread()),
                    prefill == null ? "" : Figures.percent(prefill.fmaPeakShare()),
                    decode == null ? "" : rate(decode.spread()),
                    decode == null ? "" : Figures.percent(decode.readCeilingShare()),
                    requests == null ? "" : Figures.number(requests.ttft().p50()),
                    requests == null ? "" : Figures.number(requests.tpot().p50()),
                    decode == null
                            ? ""
                            : Figures.number(decode.latency().p50()) + " / "
                                    + Figures.known(decode.latency().p99()) + " / "
                                    + Figures.number(decode.latency().max()),
                    cache == null ? "" : counted(cache.countedBytes(), cache.formulaBytes())));
        }
        out.append(
                "\nMedian (slowest to fastest repetition). Shares are of what this machine computes and reads at most,"
                        + " measured around each repetition. KV bytes: counted, = where the formula agrees.\n");
    }

    /// What a row moves, computes and holds, and what it says of a whole model.
    private void costs() {
        List<BenchRow> measured = report.bench().stream()
                .filter(row -> row.checked().outcome() == Outcome.PASS)
                .toList();
        if (measured.isEmpty()) {
            return;
        }
        table(List.of(
                "engine",
                "model",
                "bytes a token",
                "FLOP a token",
                "allocated a token",
                "active parameters",
                "memory at the peak",
                "off the heap",
                "recording"));
        for (BenchRow row : measured) {
            BenchRow.Decode decode = Objects.requireNonNull(row.decode());
            BenchRow.ActiveParameters active = Objects.requireNonNull(row.activeParameters());
            BenchRow.Memory memory = Objects.requireNonNull(row.memory());
            line(List.of(
                    cell(row.engine()),
                    cell(Figures.model(row)),
                    Figures.scaled(decode.bytesPerToken(), "B"),
                    Figures.scaled(decode.flopsPerToken(), "FLOP"),
                    Figures.scaled(decode.allocatedBytesPerToken(), "B"),
                    counted(active.counted(), active.formula()),
                    Figures.scaled(memory.peakRssBytes(), "B"),
                    Figures.scaled(memory.offHeapBytes(), "B"),
                    Figures.smallPercent(
                            Objects.requireNonNull(row.requests()).recording().share())));
        }
        for (BenchRow row : measured) {
            BenchRow.Extrapolation whole = row.extrapolation();
            if (whole != null) {
                out.append("\nExtrapolated, not measured: ")
                        .append(cell(row.engine()))
                        .append(" on all ")
                        .append(row.shape().publishedLayers())
                        .append(" layers of ")
                        .append(cell(row.model()))
                        .append(": decode ")
                        .append(Figures.estimate(whole.decodeTokensPerSecond()))
                        .append(", prefill ")
                        .append(Figures.estimate(whole.prefillTokensPerSecond()))
                        .append(" tokens/s. ")
                        .append(whole.formula())
                        .append('\n');
            }
        }
    }

    private void failures() {
        List<CheckResult> failures = report.results().stream()
                .filter(result -> Verdicts.isFailure(result.outcome()))
                .toList();
        for (CheckResult result : failures.subList(0, Math.min(MOST_FAILURES, failures.size()))) {
            Divergence first = result.firstDivergence();
            String text = Objects.requireNonNullElse(result.message(), "")
                    + (first == null ? "" : "\nfirst divergence: " + Figures.describe(first));
            item(
                    result.outcome().name(),
                    result.engine() + " " + result.caseId() + " " + result.check(),
                    text.strip(),
                    result.reproduce());
        }
        if (failures.size() > MOST_FAILURES) {
            out.append("\n")
                    .append(Figures.plural(failures.size() - MOST_FAILURES, "more failure"))
                    .append(" in report.html.\n");
        }
        for (BenchRow row : report.bench()) {
            if (Verdicts.isFailure(row.checked().outcome())) {
                item(
                        row.checked().outcome().name(),
                        row.engine() + " " + Figures.model(row),
                        Objects.requireNonNullElse(row.checked().message(), ""),
                        row.reproduce());
            }
        }
    }

    private void environment() {
        Environment environment = report.environment();
        out.append("\n<sub>")
                .append(html("Assay " + report.suiteVersion() + ", " + environment.cpu() + ", "
                        + Figures.plural(environment.processors(), "processor") + ", Java "
                        + environment.javaVersion() + ", " + environment.os() + ", " + report.startedAt() + ", "
                        + Figures.milliseconds(report.milliseconds())))
                .append("</sub>\n");
    }

    private void item(String kind, String subject, String text, String reproduce) {
        out.append("\n**")
                .append(kind.replace("_", "\\_"))
                .append("** ")
                .append(code(subject))
                .append("\n\n")
                .append(block((text + "\n" + reproduce).strip()));
    }

    private void table(List<String> titles) {
        out.append('\n');
        line(titles);
        line(titles.stream().map(_ -> "---").toList());
    }

    private void line(List<String> cells) {
        out.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }

    private static String rate(Spread spread) {
        return Figures.number(spread.median()) + " (" + Figures.number(spread.min()) + " to "
                + Figures.number(spread.max()) + ")";
    }

    private static String counted(@Nullable Long counted, long formula) {
        if (counted == null) {
            return Figures.count(formula) + " by formula";
        }
        return counted == formula
                ? "= " + Figures.count(counted)
                : Figures.count(counted) + " ≠ " + Figures.count(formula);
    }

    /// The text as code within a cell of a table, where a bar would end the cell.
    private static String cell(String text) {
        return code(text).replace("|", "\\|");
    }

    /// The text as code within a line.
    private static String code(String text) {
        String line = text.replaceAll("\\R", " ");
        String fence = "`".repeat(longestRun(line) + 1);
        // One space at either end is not part of the code, and keeps its backticks apart from the fence.
        return line.isBlank() ? "" : fence + " " + line + " " + fence;
    }

    private static String block(String text) {
        String fence = "`".repeat(Math.max(3, longestRun(text) + 1));
        return fence + "text\n" + text + "\n" + fence + "\n";
    }

    private static int longestRun(String text) {
        return BACKTICKS
                .matcher(text)
                .results()
                .mapToInt((MatchResult run) -> run.group().length())
                .max()
                .orElse(0);
    }

    /// The text as it stands, within HTML of Markdown: everything that might be markup is written by its number.
    private static String html(String text) {
        StringBuilder html = new StringBuilder();
        text.codePoints().forEach(c -> {
            if (Character.isLetterOrDigit(c) || c == ' ' || c == '.' || c == ',' || c == ':' || c == '-') {
                html.appendCodePoint(c);
            } else {
                html.append("&#").append(c).append(';');
            }
        });
        return html.toString();
    }
}
