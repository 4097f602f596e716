package dev.assay.report.render;

import dev.assay.report.BenchRow;
import dev.assay.report.Change;
import dev.assay.report.Comparison;
import dev.assay.report.ConsoleReport;
import dev.assay.report.Divergence;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.SpeedComparison;
import dev.assay.report.Verdict;
import dev.assay.report.Verdicts;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Numbers and sentences as people read them, the same in every form of a report.
final class Figures {
    private Figures() {}

    static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    static String plural(long number, String noun) {
        return count(number) + " " + noun + (number == 1 ? "" : "s");
    }

    static String percent(double share) {
        return ConsoleReport.percent(share);
    }

    /// A share far below 1 %, which [#percent] would call 0.
    static String smallPercent(double share) {
        return String.format(Locale.ROOT, "%.5f %%", 100 * share);
    }

    /// Three digits, or all that stand before the point.
    static String number(double value) {
        if (!Double.isFinite(value)) {
            return String.valueOf(value);
        }
        double size = Math.abs(value);
        return String.format(Locale.ROOT, size < 10 ? "%.2f" : size < 100 ? "%.1f" : "%,.0f", value);
    }

    /// A percentile, or nothing where too few samples know it.
    static String known(@Nullable Double value) {
        return value == null ? "" : number(value);
    }

    /// A figure that was not measured, with its interval.
    static String estimate(BenchRow.Estimate estimate) {
        return number(estimate.value()) + " (" + number(estimate.low()) + " to " + number(estimate.high()) + ")";
    }

    static String scaled(long value, String unit) {
        return scaled((double) value, unit);
    }

    /// A number of the unit with a decimal prefix, such as `1.32 GB`.
    static String scaled(double value, String unit) {
        String[] prefixes = {"", "k", "M", "G", "T", "P"};
        double scaled = value;
        int prefix = 0;
        while (Math.abs(scaled) >= 1000 && prefix < prefixes.length - 1) {
            scaled /= 1000;
            prefix++;
        }
        String digits = prefix == 0 && value == Math.rint(value) ? count((long) value) : number(scaled);
        return digits + " " + prefixes[prefix] + unit;
    }

    static String milliseconds(double milliseconds) {
        return milliseconds < 1000
                ? number(milliseconds) + " ms"
                : milliseconds < 120_000 ? number(milliseconds / 1000) + " s" : number(milliseconds / 60_000) + " min";
    }

    static String describe(Divergence first) {
        return first.layerInWords() + ", " + first.tap() + ", prompt "
                + first.prompt() + ", token " + first.token() + ", channel " + first.channel() + ": expected "
                + first.expected() + ", actual " + first.actual() + ", " + percent(first.used())
                + " of the budget there";
    }

    static String model(BenchRow row) {
        BenchRow.Shape shape = row.shape();
        return row.model() + " " + row.dtype()
                + (shape.partial() ? ", " + shape.layers() + " of " + shape.publishedLayers() + " layers" : "");
    }

    /// The verdict in words.
    static String title(Verdict verdict) {
        return switch (verdict) {
            case CONFORMANT -> "Conformant";
            case CONSISTENT -> "Consistent, on less evidence than conformance needs";
            case NON_CONFORMANT -> "Not conformant";
            case REGRESSION -> "Regression";
            case INCONCLUSIVE -> "Inconclusive";
            case FAULT -> "Fault in the harness or the goldens";
        };
    }

    /// The verdict in words. That of a comparison is about speed and not about conformance.
    static String title(Report report) {
        SpeedComparison comparison = report.comparison();
        if (comparison == null) {
            return title(report.verdict());
        }
        return switch (report.verdict()) {
            case CONFORMANT -> "Nothing became slower";
            case REGRESSION -> "Slower than the baseline";
            case INCONCLUSIVE -> "The measurement cannot tell";
            case CONSISTENT, NON_CONFORMANT, FAULT -> title(report.verdict());
        };
    }

    private static String basis(SpeedComparison comparison) {
        Map<Change, Integer> counts = new EnumMap<>(Change.class);
        comparison.metrics().forEach(metric -> counts.merge(metric.change(), 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        counts.forEach((change, number) -> parts.add(count(number) + " " + change));
        long alarms = comparison.histories().stream()
                .mapToLong(history -> history.alarms().size())
                .sum();
        return plural(comparison.metrics().size(), "metric") + ": " + String.join(", ", parts)
                + (alarms == 0 ? "" : "; " + plural(alarms, "slowdown") + " in the history");
    }

    /// What the verdict rests on, in one sentence.
    static String basis(Report report) {
        SpeedComparison comparison = report.comparison();
        if (comparison != null) {
            return basis(comparison);
        }
        Map<Outcome, Integer> counts = new EnumMap<>(Outcome.class);
        report.results().forEach(result -> counts.merge(result.outcome(), 1, Integer::sum));
        report.bench().forEach(row -> counts.merge(row.checked().outcome(), 1, Integer::sum));
        List<String> parts = new ArrayList<>();
        counts.forEach((outcome, number) -> parts.add(count(number) + " " + outcome));
        String of = report.bench().isEmpty()
                ? plural(report.results().size(), "check")
                : plural(report.bench().size(), "measurement");
        String outcomes = parts.isEmpty() ? "nothing ran" : of + ": " + String.join(", ", parts);
        return report.faults().isEmpty() ? outcomes : plural(report.faults().size(), "fault") + "; " + outcomes;
    }

    static Tone tone(Verdict verdict) {
        return switch (verdict) {
            case CONFORMANT -> Tone.GOOD;
            case NON_CONFORMANT, REGRESSION, FAULT -> Tone.BAD;
            case CONSISTENT, INCONCLUSIVE -> Tone.WARN;
        };
    }

    static Tone tone(Comparison comparison) {
        return switch (comparison.change()) {
            case FASTER, EQUIVALENT -> Tone.GOOD;
            case SLOWER -> comparison.regressed() ? Tone.BAD : Tone.WARN;
            case INCONCLUSIVE -> Tone.WARN;
        };
    }

    /// Why the verdict is not what the interval says, or why it is no alarm; empty where neither is so.
    static String note(Comparison comparison) {
        String reason = comparison.reason();
        String known = comparison.known();
        return reason != null ? reason : known == null ? "" : "known: " + known;
    }

    static Tone tone(Outcome outcome) {
        return Verdicts.isFailure(outcome)
                ? Tone.BAD
                : switch (outcome) {
                    case PASS -> Tone.GOOD;
                    case UNSUPPORTED, NOT_RUN -> Tone.QUIET;
                    case FAIL, ERROR, CRASH, TIMEOUT, CAPABILITY_LIE, STALE_WAIVER, WAIVED, INCONCLUSIVE -> Tone.WARN;
                };
    }
}
