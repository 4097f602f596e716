package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

class SpeedComparisonTest {
    private static final Interval STEADY = new Interval(1, 0.99, 1.01, 0.95);

    private static Comparison metric(Change change, @Nullable String known) {
        return new Comparison("decode", change, STEADY, STEADY, null, known);
    }

    /// A history of ten points with these shifts.
    private static History history(History.Shift... shifts) {
        List<History.Point> points = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            points.add(new History.Point("c" + i, "2026-11-23T10:15:30Z", 1, 100));
        }
        return new History("decode", 0.03, points, List.of(shifts));
    }

    private static History.Shift shift(int at, double ratio, @Nullable String known) {
        return new History.Shift(at, "c" + at, ratio, 0.001, known);
    }

    private static Verdict verdict(List<History> histories, Comparison... metrics) {
        return new SpeedComparison("a", "b", "c", 0.03, 0.95, List.of(metrics), histories).verdict();
    }

    @Test
    void theWorstMetricDecides() {
        Comparison same = metric(Change.EQUIVALENT, null);
        Comparison unsure = metric(Change.INCONCLUSIVE, null);
        Comparison slower = metric(Change.SLOWER, null);
        assertThat(verdict(List.of(), same, metric(Change.FASTER, null))).isEqualTo(Verdict.CONFORMANT);
        assertThat(verdict(List.of(), same, unsure)).isEqualTo(Verdict.INCONCLUSIVE);
        assertThat(verdict(List.of(), unsure, slower)).isEqualTo(Verdict.REGRESSION);
        assertThat(verdict(List.of(), same, metric(Change.SLOWER, "wanted"))).isEqualTo(Verdict.CONFORMANT);
    }

    @Test
    void aSlowdownInTheHistoryIsAnAlarmUntilItIsExplainedOrMadeGood() {
        Comparison same = metric(Change.EQUIVALENT, null);
        assertThat(verdict(List.of(history(shift(4, 0.9, null))), same)).isEqualTo(Verdict.REGRESSION);
        assertThat(verdict(List.of(history(shift(4, 0.9, "wanted"))), same)).isEqualTo(Verdict.CONFORMANT);
        assertThat(verdict(List.of(history(shift(4, 1.1, null))), same)).isEqualTo(Verdict.CONFORMANT);
        assertThat(history(shift(4, 0.9, null), shift(7, 1.1, null)).alarms()).isEmpty();
        assertThat(history(shift(4, 0.9, null), shift(7, 1.05, null)).alarms()).hasSize(1);
    }

    @Test
    void whatSaysNothingIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> verdict(List.of()))
                .withMessage("a comparison of nothing");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new Comparison("decode", Change.SLOWER, STEADY, STEADY, "noise", null));
        assertThatIllegalArgumentException().isThrownBy(() -> history(shift(10, 0.9, null)));
    }
}
