package dev.assay.cli;

import dev.assay.perf.compare.Change;
import dev.assay.perf.compare.Comparison;
import dev.assay.perf.compare.Interval;
import dev.assay.report.ConsoleTable;
import dev.assay.report.ConsoleTable.Align;
import dev.assay.report.Verdict;
import java.util.List;
import java.util.Locale;

/// Comparisons as a table for people, and as an exit code.
final class AbTable {
    private AbTable() {}

    static String render(List<Comparison> comparisons, double margin) {
        ConsoleTable table = new ConsoleTable()
                .column("METRIC", Align.LEFT)
                .column("CHANGE", Align.LEFT)
                .column("RATIO", Align.RIGHT)
                .column("INTERVAL", Align.RIGHT)
                .column("DETECTABLE", Align.RIGHT)
                .column("BASELINE/ITSELF", Align.RIGHT);
        for (Comparison comparison : comparisons) {
            Interval ratio = comparison.ratio();
            table.row(
                    comparison.metric(),
                    comparison.change().name(),
                    String.format(Locale.ROOT, "%.3f", ratio.ratio()),
                    String.format(Locale.ROOT, "%.3f-%.3f", ratio.low(), ratio.high()),
                    String.format(Locale.ROOT, "%.1f %%", 100 * ratio.detectable()),
                    String.format(
                            Locale.ROOT,
                            "%.3f-%.3f",
                            comparison.control().low(),
                            comparison.control().high()));
        }
        StringBuilder out = new StringBuilder(table.render());
        out.append(String.format(
                Locale.ROOT,
                "\nRATIO is candidate / baseline in tokens per second, with an interval that holds the true ratio\nin"
                        + " %.0f %% of cases, all metrics together. Less than %.1f %% is no change.\n",
                100 * Comparison.CONFIDENCE,
                100 * margin));
        comparisons.stream()
                .map(Comparison::reason)
                .filter(reason -> reason != null)
                .findFirst()
                .ifPresent(reason ->
                        out.append("nothing is concluded: ").append(reason).append('\n'));
        return out.toString();
    }

    static int exitCode(List<Comparison> comparisons) {
        if (comparisons.stream().anyMatch(comparison -> comparison.change() == Change.SLOWER)) {
            return Verdict.REGRESSION.exitCode();
        }
        return comparisons.stream().anyMatch(comparison -> comparison.change() == Change.INCONCLUSIVE)
                ? Verdict.INCONCLUSIVE.exitCode()
                : 0;
    }
}
