package dev.assay.report;

import dev.assay.report.ConsoleTable.Align;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A sweep as a table for a terminal or a log: a row for each engine and model at each point. ASCII only.
public final class ConsoleSweep {
    private ConsoleSweep() {}

    /// The table as text, lines ended by line feeds.
    public static String render(Sweep sweep) {
        ConsoleTable table = new ConsoleTable();
        sweep.settings()
                .forEach(setting -> table.column(ConsoleReport.ascii(setting).toUpperCase(Locale.ROOT), Align.LEFT));
        table.column("ENGINE", Align.LEFT)
                .column("MODEL", Align.LEFT)
                .column("CHECKED", Align.LEFT)
                .column("PREFILL TOKENS/S", Align.RIGHT)
                .column("OF PEAK", Align.RIGHT)
                .column("DECODE TOKENS/S", Align.RIGHT)
                .column("OF CEILING", Align.RIGHT);
        StringBuilder failed = new StringBuilder();
        for (Sweep.Point point : sweep.points()) {
            switch (point) {
                case Sweep.Point.Measured(List<String> values, List<BenchRow> rows) ->
                    rows.forEach(row -> line(table, values, row));
                case Sweep.Point.Failed(List<String> values, String message) -> {
                    line(table, values, "-", "-", "no report", "-", "-", "-", "-");
                    failed.append('\n')
                            .append(ConsoleReport.ascii(String.join(", ", values) + ": " + message))
                            .append('\n');
                }
            }
        }
        return table.render() + failed;
    }

    private static void line(ConsoleTable table, List<String> values, BenchRow row) {
        BenchRow.Prefill prefill = row.prefill();
        BenchRow.Decode decode = row.decode();
        line(
                table,
                values,
                row.engine(),
                row.model() + " " + row.dtype(),
                row.checked().outcome().name(),
                prefill == null ? "-" : ConsoleBench.rate(prefill.spread()),
                prefill == null ? "-" : ConsoleReport.percent(prefill.fmaPeakShare()),
                decode == null ? "-" : ConsoleBench.rate(decode.spread()),
                decode == null ? "-" : ConsoleReport.percent(decode.readCeilingShare()));
    }

    private static void line(ConsoleTable table, List<String> values, String... figures) {
        List<String> cells = new ArrayList<>(values);
        cells.addAll(List.of(figures));
        table.row(cells.stream().map(ConsoleReport::ascii).toArray(String[]::new));
    }
}
