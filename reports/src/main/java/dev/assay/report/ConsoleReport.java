package dev.assay.report;

import dev.assay.report.BudgetUse.Yardstick;
import dev.assay.report.ConsoleTable.Align;
import dev.assay.report.ConsoleTable.Cell;
import dev.assay.report.ConsoleTable.Ink;
import dev.assay.report.Count.Quantity;
import java.util.ArrayList;
import java.util.DoubleSummaryStatistics;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.StringJoiner;

/// A report as text for a terminal or a log: a row for each check, what was counted,
/// every failure with its first divergence and the
/// command that reproduces it, and a summary. ASCII only, so that it survives any log.
public final class ConsoleReport {
    private final Report report;
    private final boolean colours;
    private final StringBuilder out = new StringBuilder();

    private ConsoleReport(Report report, boolean colours) {
        this.report = report;
        this.colours = colours;
    }

    /// The report as text, lines ended by line feeds.
    ///
    /// @param colours whether to use the colours of a terminal
    public static String render(Report report, boolean colours) {
        ConsoleReport text = new ConsoleReport(report, colours);
        text.table();
        text.counted();
        text.failures();
        text.faults();
        text.summary();
        return text.out.toString();
    }

    private void table() {
        ConsoleTable table = new ConsoleTable()
                .column("ENGINE", Align.LEFT)
                .column("ARCHITECTURE", Align.LEFT)
                .column("CASE", Align.LEFT)
                .column("CHECK", Align.LEFT)
                .column("OUTCOME", Align.LEFT)
                .column("ELEMENTS", Align.RIGHT)
                .column("BUDGET", Align.RIGHT)
                .column("WHERE", Align.LEFT);
        boolean anyWithoutYardstick = false;
        for (CheckResult result : report.results()) {
            BudgetUse worst = result.worst();
            boolean withoutYardstick = worst != null && worst.yardstick() == Yardstick.STANDARD_DEVIATION;
            anyWithoutYardstick |= withoutYardstick;
            table.add(List.of(
                    plain(result.engine()),
                    plain(result.architecture()),
                    plain(result.caseId()),
                    plain(result.check()),
                    new Cell(result.outcome().name(), ink(result.outcome())),
                    plain(count(result.elements())),
                    plain(worst == null ? "-" : percent(worst.used()) + (withoutYardstick ? " *" : "")),
                    plain(where(result))));
        }
        if (!report.results().isEmpty()) {
            out.append(table.render(colours));
            out.append(
                    "\nBUDGET is the largest share of the allowed difference used, at WHERE (tap @ prompt); - is an exact "
                            + "check.\n");
        }
        if (anyWithoutYardstick) {
            out.append("* the golden records no float32 error there: judged by the tap's standard deviation.\n");
        }
    }

    /// What engines held and touched, beside what the configuration says: a row for each engine and case.
    private void counted() {
        ConsoleTable table = new ConsoleTable()
                .column("ENGINE", Align.LEFT)
                .column("CASE", Align.LEFT)
                .column("KV-CACHE BYTES @ POSITIONS", Align.LEFT)
                .column("EXPERTS PER TOKEN", Align.LEFT)
                .column("ACTIVE PARAMETERS", Align.LEFT)
                .column("EVENNESS OF ROUTING", Align.RIGHT);
        Map<EngineAndCase, List<CheckResult>> counting = new LinkedHashMap<>();
        for (CheckResult result : report.results()) {
            if (!result.counts().isEmpty()) {
                counting.computeIfAbsent(new EngineAndCase(result.engine(), result.caseId()), _ -> new ArrayList<>())
                        .add(result);
            }
        }
        counting.forEach((of, results) -> table.add(List.of(
                plain(of.engine()),
                plain(of.caseId()),
                counts(results, Quantity.KV_CACHE_BYTES),
                counts(results, Quantity.EXPERTS_PER_TOKEN),
                counts(results, Quantity.ACTIVE_PARAMETERS),
                plain(evenness(results)))));
        if (!counting.isEmpty()) {
            out.append('\n').append(table.render(colours));
            out.append("\nFormula = counted while the engine ran, != where they differ. EVENNESS is the entropy of the"
                    + " experts' load by the longest\nprompt, as a share of that of an even load: of the least even"
                    + " layer and the most even.\n");
        }
    }

    private record EngineAndCase(String engine, String caseId) {}

    private static Cell counts(List<CheckResult> results, Quantity quantity) {
        StringJoiner text = new StringJoiner("; ").setEmptyValue("-");
        boolean agree = true;
        for (CheckResult result : results) {
            for (Count count : result.counts()) {
                if (count.quantity() == quantity) {
                    agree &= count.agrees();
                    text.add(count(count.formula())
                            + (count.agrees() ? " = " : " != ")
                            + count(count.counted())
                            + (quantity == Quantity.KV_CACHE_BYTES ? " @ " + count(count.tokens()) : ""));
                }
            }
        }
        return new Cell(text.toString(), agree ? Ink.NONE : Ink.RED);
    }

    private static String evenness(List<CheckResult> results) {
        DoubleSummaryStatistics shares = results.stream()
                .flatMap(result -> result.routing().stream())
                .mapToDouble(ExpertLoad::evenness)
                .summaryStatistics();
        return shares.getCount() == 0 ? "-" : percent(shares.getMin()) + " to " + percent(shares.getMax());
    }

    private void failures() {
        for (CheckResult result : report.results()) {
            if (!Verdicts.isFailure(result.outcome())) {
                continue;
            }
            out.append('\n')
                    .append(paint(result.outcome().name(), ink(result.outcome())))
                    .append("  ")
                    .append(String.join(
                            "  ",
                            ascii(result.engine()),
                            ascii(result.architecture()),
                            ascii(result.caseId()),
                            ascii(result.check())))
                    .append('\n');
            String message = result.message();
            if (message != null) {
                detail(message);
            }
            Divergence first = result.firstDivergence();
            if (first != null) {
                detail("first divergence: " + describe(first));
            }
            detail("reproduce: " + result.reproduce());
        }
    }

    private void faults() {
        for (Fault fault : report.faults()) {
            out.append('\n')
                    .append(paint("FAULT", Ink.RED))
                    .append("  ")
                    .append(ascii(fault.subject()))
                    .append('\n');
            detail(fault.message());
            detail("reproduce: " + fault.reproduce());
        }
    }

    private void summary() {
        Map<Outcome, Integer> counts = new EnumMap<>(Outcome.class);
        long elements = 0;
        for (CheckResult result : report.results()) {
            counts.merge(result.outcome(), 1, Integer::sum);
            elements += result.elements();
        }
        StringJoiner outcomes = new StringJoiner(", ");
        counts.forEach((outcome, number) -> outcomes.add(paint(outcome.name(), ink(outcome)) + " " + number));
        long cases =
                report.results().stream().map(CheckResult::caseId).distinct().count();
        long engines =
                report.results().stream().map(CheckResult::engine).distinct().count();

        out.append('\n');
        out.append(paint(report.verdict().name(), ink(report.verdict())));
        if (report.shard() != null) {
            out.append(" (shard ").append(report.shard()).append(')');
        }
        out.append(": ").append(report.results().isEmpty() ? "no check ran" : outcomes.toString());
        if (!report.faults().isEmpty()) {
            out.append("; ").append(plural(report.faults().size(), "fault"));
        }
        out.append('\n');
        out.append(plural(engines, "engine"))
                .append(", ")
                .append(plural(cases, "case"))
                .append(", ")
                .append(plural(report.results().size(), "check"))
                .append(", ")
                .append(count(elements))
                .append(" numbers compared in ")
                .append(String.format(Locale.ROOT, "%.1f s", report.milliseconds() / 1000))
                .append('\n');
        for (EngineEvidence of : report.evidence()) {
            out.append("evidence on ")
                    .append(of.engine())
                    .append(": ")
                    .append(of.level().told())
                    .append(of.level().certifies() ? "" : ", so it cannot be called conformant")
                    .append('\n');
        }
    }

    private void detail(String text) {
        out.append("      ").append(ascii(text).replace("\n", "\n      ")).append('\n');
    }

    private static String describe(Divergence first) {
        return first.layerInWords() + ", " + first.tap() + ", prompt "
                + first.prompt() + ", token " + first.token() + ", channel " + first.channel() + ": expected "
                + first.expected() + ", actual " + first.actual() + " (" + percent(first.used())
                + " of the budget there)";
    }

    private static String where(CheckResult result) {
        BudgetUse worst = result.worst();
        if (worst != null) {
            return worst.tap() + " @ " + worst.prompt();
        }
        // A failure is told in full below the table.
        String message = result.message();
        return message == null || Verdicts.isFailure(result.outcome())
                ? ""
                : message.lines().findFirst().orElse("");
    }

    private static Cell plain(String text) {
        return new Cell(ascii(text).replace('\n', ' '), Ink.NONE);
    }

    private String paint(String text, Ink ink) {
        return colours ? ink.paint(text) : text;
    }

    private static Ink ink(Outcome outcome) {
        return switch (outcome) {
            case PASS -> Ink.GREEN;
            case FAIL, ERROR, CRASH, TIMEOUT, CAPABILITY_LIE, STALE_WAIVER -> Ink.RED;
            case UNSUPPORTED, WAIVED, NOT_RUN, INCONCLUSIVE -> Ink.YELLOW;
        };
    }

    private static Ink ink(Verdict verdict) {
        return switch (verdict) {
            case CONFORMANT -> Ink.GREEN;
            case NON_CONFORMANT, REGRESSION, FAULT -> Ink.RED;
            case CONSISTENT, INCONCLUSIVE -> Ink.YELLOW;
        };
    }

    /// A share as percent: one digit after the point where it is small enough to matter.
    public static String percent(double share) {
        double percent = 100 * share;
        if (!Double.isFinite(percent)) {
            return String.valueOf(percent);
        }
        return String.format(Locale.ROOT, percent < 1000 ? "%.1f %%" : percent < 1e9 ? "%,.0f %%" : "%.1e %%", percent);
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static String plural(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }

    /// The text with everything that is not printable ASCII written as `\\uXXXX`, but for line feeds.
    static String ascii(String text) {
        StringBuilder ascii = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '\n' || (c >= ' ' && c <= '~')) {
                ascii.append(c);
            } else {
                ascii.append(String.format(Locale.ROOT, "\\u%04x", (int) c));
            }
        }
        return ascii.toString();
    }
}
