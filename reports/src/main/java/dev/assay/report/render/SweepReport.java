package dev.assay.report.render;

import dev.assay.report.AtomicFile;
import dev.assay.report.BenchRow;
import dev.assay.report.Spread;
import dev.assay.report.Sweep;
import dev.assay.report.Sweep.Point;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// A sweep in one page that needs nothing else, and as CSV for spreadsheets.
public final class SweepReport {
    /// Engine and model where no run said any: a row needs a header that can be read out.
    private static final String NONE = "–";

    private SweepReport() {}

    /// Writes `sweep.html` and `sweep.csv`.
    ///
    /// @throws dev.assay.report.ReportException if one cannot be written
    public static void write(Sweep sweep, Path folder) {
        AtomicFile.write(folder.resolve("sweep.html"), html(sweep));
        AtomicFile.write(folder.resolve("sweep.csv"), CsvReport.render(sweep));
    }

    /// The page of a sweep.
    static String html(Sweep sweep) {
        return SweepPageRenderer.of()
                .execute(new SweepPage(
                        HtmlReport.policyOf(HtmlReport.STYLE),
                        HtmlReport.STYLE,
                        sweep.command(),
                        sweep.settings(),
                        lines(sweep),
                        charts(sweep)));
    }

    private static List<SweepPage.Line> lines(Sweep sweep) {
        List<SweepPage.Line> lines = new ArrayList<>();
        for (Point point : sweep.points()) {
            switch (point) {
                case Point.Measured(List<String> values, List<BenchRow> rows) ->
                    rows.forEach(row -> lines.add(line(values, row)));
                case Point.Failed(List<String> values, String message) ->
                    lines.add(new SweepPage.Line(
                            values, NONE, NONE, Tone.BAD, "no report", message, "", "", "", "", "", ""));
            }
        }
        return lines;
    }

    private static SweepPage.Line line(List<String> values, BenchRow row) {
        BenchRow.Prefill prefill = row.prefill();
        BenchRow.Decode decode = row.decode();
        return new SweepPage.Line(
                values,
                row.engine(),
                Figures.model(row),
                Figures.tone(row.checked().outcome()),
                row.checked().outcome().name().replace('_', ' '),
                Objects.requireNonNullElse(row.checked().message(), ""),
                prefill == null ? "" : Figures.number(prefill.tokensPerSecond()),
                prefill == null ? "" : BenchCharts.range(prefill.spread()),
                prefill == null ? "" : Figures.percent(prefill.fmaPeakShare()),
                decode == null ? "" : Figures.number(decode.tokensPerSecond()),
                decode == null ? "" : BenchCharts.range(decode.spread()),
                decode == null ? "" : Figures.percent(decode.readCeilingShare()));
    }

    private static List<Page.BarChart> charts(Sweep sweep) {
        List<Page.BarChart> charts = new ArrayList<>();
        charts.add(chart(sweep, "Decode, tokens/s", row -> {
            BenchRow.Decode decode = row.decode();
            return decode == null ? null : decode.spread();
        }));
        charts.add(chart(sweep, "Prefill, tokens/s", row -> {
            BenchRow.Prefill prefill = row.prefill();
            return prefill == null ? null : prefill.spread();
        }));
        return charts.stream().filter(chart -> !chart.bars().isEmpty()).toList();
    }

    private static Page.BarChart chart(Sweep sweep, String title, Function<BenchRow, @Nullable Spread> speed) {
        List<String> labels = new ArrayList<>();
        List<Spread> speeds = new ArrayList<>();
        for (Point point : sweep.points()) {
            List<BenchRow> rows = switch (point) {
                case Point.Measured measured -> measured.rows();
                case Point.Failed _ -> List.of();
            };
            for (BenchRow row : rows) {
                Spread of = speed.apply(row);
                if (of != null) {
                    labels.add(
                            label(sweep.settings(), point.values()) + ": " + row.engine() + ", " + Figures.model(row));
                    speeds.add(of);
                }
            }
        }
        return BenchCharts.speeds(title, labels, speeds);
    }

    private static String label(List<String> settings, List<String> values) {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < settings.size(); i++) {
            parts.add(settings.get(i) + " " + values.get(i));
        }
        return String.join(", ", parts);
    }
}
