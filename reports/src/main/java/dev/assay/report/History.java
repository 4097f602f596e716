package dev.assay.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A speed over commits, measured by one machine and JVM, and where its level changed.
///
/// @param metric for example `vector qwen3-0.6b bf16 decode`
/// @param margin changes of level smaller than this share are left out
/// @param points oldest first
/// @param shifts in the order of the points
public record History(String metric, double margin, List<Point> points, List<Shift> shifts) {
    public History {
        points = List.copyOf(points);
        shifts = List.copyOf(shifts);
        int last = 0;
        for (Shift shift : shifts) {
            if (shift.at() <= last || shift.at() >= points.size()) {
                throw new IllegalArgumentException(
                        metric + ": a shift at point " + shift.at() + " of " + points.size() + ", after " + last);
            }
            last = shift.at();
        }
    }

    /// A commit's speed.
    ///
    /// @param measuredAt start of its first run, ISO 8601 in UTC
    /// @param runs processes that measured it
    /// @param tokensPerSecond geometric mean over the runs of the median of each
    public record Point(String commit, String measuredAt, int runs, double tokensPerSecond) {}

    /// A change of level.
    ///
    /// @param at index of the first point of the new level
    /// @param commit of that point
    /// @param ratio new level / old level, geometric means
    /// @param p probability of so clear a change where there is none
    /// @param known why it is expected, from an annotation; null if none is
    public record Shift(
            int at,
            String commit,
            double ratio,
            double p,
            @Nullable String known) {}

    /// Shifts to a slower level that no annotation explains and that nothing since has made good.
    public List<Shift> alarms() {
        return shifts.stream()
                .filter(shift -> shift.ratio() < 1 && shift.known() == null && remains(shift))
                .toList();
    }

    /// Whether the speed is still below what it was before the shift.
    private boolean remains(Shift shift) {
        double since = 1;
        for (Shift later : shifts) {
            since *= later.at() >= shift.at() ? later.ratio() : 1;
        }
        return since < 1 / (1 + margin);
    }
}
