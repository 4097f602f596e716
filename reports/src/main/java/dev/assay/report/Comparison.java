package dev.assay.report;

import org.jspecify.annotations.Nullable;

/// What was found about one metric, of which more is better.
///
/// @param metric for example `vector qwen3-0.6b bf16 decode`
/// @param ratio candidate / baseline
/// @param control the same of something that did not change; see [SpeedComparison#control]
/// @param reason why it is inconclusive although the interval says something; null otherwise
/// @param known why this change is expected, from an annotation; null if none is
public record Comparison(
        String metric,
        Change change,
        Interval ratio,
        Interval control,
        @Nullable String reason,
        @Nullable String known) {
    public Comparison {
        if (reason != null && change != Change.INCONCLUSIVE) {
            throw new IllegalArgumentException(metric + ": " + change + " although " + reason);
        }
    }

    /// Whether it became slower and nobody expected that.
    public boolean regressed() {
        return change == Change.SLOWER && known == null;
    }
}
