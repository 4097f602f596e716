package dev.assay.report.render;

import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import dev.assay.report.Verdicts;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;

/// Architectures by engines, each pair with its checks in one.
///
/// @param engines ids, sorted
/// @param rows one for each architecture, sorted
record Matrix(List<String> engines, List<Row> rows) {
    /// An architecture.
    ///
    /// @param cells one for each engine
    record Row(String architecture, List<Cell> cells) {}

    /// What one engine made of one architecture.
    ///
    /// @param text how many checks ended how
    /// @param budget the largest share of a budget used, as text; empty where nothing was judged by one
    record Cell(Tone tone, String text, String budget) {}

    static Matrix of(List<CheckResult> results) {
        Map<String, Map<String, Sum>> sums = new TreeMap<>();
        TreeSet<String> engines = new TreeSet<>();
        for (CheckResult result : results) {
            engines.add(result.engine());
            sums.computeIfAbsent(result.architecture(), _ -> new TreeMap<>())
                    .computeIfAbsent(result.engine(), _ -> new Sum())
                    .add(result);
        }
        List<Row> rows = sums.entrySet().stream()
                .map(row -> new Row(
                        row.getKey(),
                        engines.stream()
                                .map(engine -> row.getValue()
                                        .getOrDefault(engine, new Sum())
                                        .cell())
                                .toList()))
                .toList();
        return new Matrix(List.copyOf(engines), rows);
    }

    /// The checks of a pair while they are counted.
    private static final class Sum {
        private final Map<Outcome, Integer> counts = new EnumMap<>(Outcome.class);
        private double used = Double.NEGATIVE_INFINITY;

        void add(CheckResult result) {
            counts.merge(result.outcome(), 1, Integer::sum);
            BudgetUse worst = result.worst();
            if (worst != null) {
                used = Math.max(used, worst.used()); // NaN if either is
            }
        }

        Cell cell() {
            StringJoiner text = new StringJoiner(", ").setEmptyValue("not selected");
            counts.forEach((outcome, number) -> text.add(Figures.count(number) + " " + words(outcome)));
            return new Cell(tone(), text.toString(), used == Double.NEGATIVE_INFINITY ? "" : Figures.percent(used));
        }

        private Tone tone() {
            if (counts.keySet().stream().anyMatch(Verdicts::isFailure)) {
                return Tone.BAD;
            }
            if (counts.containsKey(Outcome.INCONCLUSIVE) || counts.containsKey(Outcome.WAIVED)) {
                return Tone.WARN;
            }
            return counts.containsKey(Outcome.PASS) ? Tone.GOOD : Tone.QUIET;
        }

        private static String words(Outcome outcome) {
            return switch (outcome) {
                case PASS -> "passed";
                case FAIL -> "failed";
                case ERROR -> "threw";
                case CRASH -> "crashed";
                case TIMEOUT -> "timed out";
                case UNSUPPORTED -> "unsupported";
                case CAPABILITY_LIE -> "declared and not able";
                case WAIVED -> "waived";
                case STALE_WAIVER -> "waived in vain";
                case NOT_RUN -> "not run";
                case INCONCLUSIVE -> "inconclusive";
            };
        }
    }
}
