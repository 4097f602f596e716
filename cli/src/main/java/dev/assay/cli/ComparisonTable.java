package dev.assay.cli;

import dev.assay.report.Comparison;
import dev.assay.report.ConsoleTable;
import dev.assay.report.ConsoleTable.Align;
import dev.assay.report.History;
import dev.assay.report.SpeedComparison;
import java.util.Locale;
import java.util.Objects;

/// A comparison of speeds as a table for people.
final class ComparisonTable {
    private ComparisonTable() {}

    static String render(SpeedComparison comparison) {
        ConsoleTable table = new ConsoleTable()
                .column("METRIC", Align.LEFT)
                .column("CHANGE", Align.LEFT)
                .column("RATIO", Align.RIGHT)
                .column("INTERVAL", Align.RIGHT)
                .column("DETECTABLE", Align.RIGHT)
                .column("CONTROL", Align.RIGHT);
        for (Comparison metric : comparison.metrics()) {
            table.row(
                    metric.metric(),
                    metric.change().name(),
                    String.format(Locale.ROOT, "%.3f", metric.ratio().ratio()),
                    String.format(
                            Locale.ROOT,
                            "%.3f-%.3f",
                            metric.ratio().low(),
                            metric.ratio().high()),
                    String.format(Locale.ROOT, "%.1f %%", 100 * metric.ratio().detectable()),
                    String.format(
                            Locale.ROOT,
                            "%.3f-%.3f",
                            metric.control().low(),
                            metric.control().high()));
        }
        StringBuilder out = new StringBuilder(table.render());
        out.append(String.format(
                Locale.ROOT,
                "%nRATIO is candidate / baseline in tokens per second, with an interval that holds the true ratio%nin"
                        + " %.0f %% of cases, all metrics together. Less than %.1f %% is no change.%n"
                        + "CONTROL is %s.%nbaseline: %s%ncandidate: %s%n",
                100 * comparison.confidence(),
                100 * comparison.margin(),
                comparison.control(),
                comparison.baseline(),
                comparison.candidate()));
        comparison.metrics().stream()
                .map(Comparison::reason)
                .filter(Objects::nonNull)
                .distinct()
                .forEach(reason ->
                        out.append("nothing is concluded: ").append(reason).append('\n'));
        comparison.metrics().stream()
                .map(Comparison::known)
                .filter(Objects::nonNull)
                .distinct()
                .forEach(known -> out.append("known: ").append(known).append('\n'));
        for (History history : comparison.histories()) {
            for (History.Shift shift : history.shifts()) {
                out.append(String.format(
                        Locale.ROOT,
                        "%s %s: %.3f of its speed before, since %s%s%n",
                        history.alarms().contains(shift) ? "ALARM " : "change",
                        history.metric(),
                        shift.ratio(),
                        shift.commit(),
                        shift.known() == null ? "" : " (known: " + shift.known() + ")"));
            }
        }
        return out.toString();
    }
}
