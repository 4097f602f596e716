package dev.assay.report;

import java.util.List;

/// Speeds beside those of a baseline.
///
/// @param baseline what was compared with: a command, or a commit
/// @param candidate what was judged, likewise
/// @param control what the controls compare, for example `baseline / itself`
/// @param margin changes smaller than this share are none
/// @param confidence of all intervals together
/// @param metrics in the order of their names
/// @param histories of the same metrics, where earlier measurements are known; else empty
public record SpeedComparison(
        String baseline,
        String candidate,
        String control,
        double margin,
        double confidence,
        List<Comparison> metrics,
        List<History> histories) {
    public SpeedComparison {
        if (metrics.isEmpty()) {
            throw new IllegalArgumentException("a comparison of nothing");
        }
        metrics = List.copyOf(metrics);
        histories = List.copyOf(histories);
    }

    /// | the comparison has | verdict |
    /// |---|---|
    /// | a metric or a history that became slower, which no annotation explains | `REGRESSION` |
    /// | else a metric that is inconclusive | `INCONCLUSIVE` |
    /// | else | `CONFORMANT` |
    public Verdict verdict() {
        if (metrics.stream().anyMatch(Comparison::regressed)
                || histories.stream().anyMatch(history -> !history.alarms().isEmpty())) {
            return Verdict.REGRESSION;
        }
        return metrics.stream().anyMatch(metric -> metric.change() == Change.INCONCLUSIVE)
                ? Verdict.INCONCLUSIVE
                : Verdict.CONFORMANT;
    }
}
