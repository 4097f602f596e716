package dev.assay.report.render;

import dev.assay.report.Comparison;
import dev.assay.report.History;
import dev.assay.report.Interval;
import dev.assay.report.SpeedComparison;
import java.util.ArrayList;
import java.util.List;

/// Draws comparisons: each interval on one axis of ratios that is the same for all, and speeds over commits with the
/// changes of their level.
final class ComparisonView {
    private static final double LEFT = 56;
    private static final double RIGHT = 468;
    private static final double TOP = 22;
    private static final double BOTTOM = 158;

    private ComparisonView() {}

    static Page.Compared of(SpeedComparison comparison) {
        double reach = reach(comparison);
        return new Page.Compared(
                comparison.baseline(),
                comparison.candidate(),
                comparison.control(),
                Figures.percent(comparison.margin()),
                Figures.percent(comparison.confidence()),
                "from " + ratio(1 / reach) + " to " + ratio(reach),
                comparison.metrics().stream()
                        .map(metric -> row(metric, comparison.margin(), reach))
                        .toList(),
                comparison.histories().stream()
                        .filter(history -> history.points().size() > 1)
                        .map(ComparisonView::chart)
                        .toList());
    }

    /// The ratio at the right end of the axis, whose left end is its inverse: so far that all intervals fit, and
    /// not farther than a factor of two, at which the rest is cut.
    private static double reach(SpeedComparison comparison) {
        double farthest = 1 + 2 * comparison.margin();
        for (Comparison metric : comparison.metrics()) {
            farthest = Math.max(
                    farthest, Math.max(metric.ratio().high(), 1 / metric.ratio().low()));
        }
        return Math.min(2, farthest);
    }

    private static Page.ComparedRow row(Comparison metric, double margin, double reach) {
        Interval ratio = metric.ratio();
        return new Page.ComparedRow(
                metric.metric(),
                Figures.tone(metric),
                metric.change().name(),
                Figures.note(metric),
                ratio(ratio.ratio()),
                ratio(ratio.low()) + " to " + ratio(ratio.high()),
                new Page.RatioBar(
                        at(ratio.low(), reach),
                        at(ratio.high(), reach),
                        at(ratio.ratio(), reach),
                        at(1 / (1 + margin), reach),
                        Drawing.width(2 * Math.log(1 + margin) / (2 * Math.log(reach))),
                        at(1, reach)),
                Figures.percent(ratio.detectable()),
                ratio(metric.control().low()) + " to " + ratio(metric.control().high()));
    }

    private static String at(double ratio, double reach) {
        return Drawing.width(0.5 + Math.log(ratio) / (2 * Math.log(reach)));
    }

    private static String ratio(double ratio) {
        return String.format(java.util.Locale.ROOT, "%.3f", ratio);
    }

    /// The axis starts at 0: a change looks as large as it is.
    private static Page.HistoryChart chart(History history) {
        List<History.Point> points = history.points();
        double most = 1.1
                * points.stream()
                        .mapToDouble(History.Point::tokensPerSecond)
                        .max()
                        .orElse(1);
        List<Page.Tick> rows = new ArrayList<>();
        for (double value : ticks(most)) {
            rows.add(new Page.Tick(Drawing.number(y(value, most)), Figures.number(value), false));
        }
        List<Page.Dot> dots = new ArrayList<>();
        for (int i = 0; i < points.size(); i++) {
            History.Point point = points.get(i);
            dots.add(new Page.Dot(
                    Drawing.number(x(i, points.size())),
                    Drawing.number(y(point.tokensPerSecond(), most)),
                    point.commit() + ", " + point.measuredAt() + ", " + Figures.plural(point.runs(), "run") + ": "
                            + Figures.number(point.tokensPerSecond()) + " tokens/s"));
        }
        List<Page.ShiftMark> marks = new ArrayList<>();
        List<Page.ShiftItem> items = new ArrayList<>();
        for (History.Shift shift : history.shifts()) {
            Tone tone = history.alarms().contains(shift) ? Tone.BAD : Tone.QUIET;
            String number = "" + (marks.size() + 1);
            double between = (x(shift.at() - 1, points.size()) + x(shift.at(), points.size())) / 2;
            marks.add(new Page.ShiftMark(Drawing.number(between), number, tone));
            items.add(new Page.ShiftItem(
                    number,
                    tone,
                    ratio(shift.ratio()) + " of the speed before, since " + shift.commit() + ", p = "
                            + Figures.number(shift.p()).replaceFirst("^0.00$", "0.001")
                            + (shift.known() == null ? "" : "; known: " + shift.known())));
        }
        return new Page.HistoryChart(
                history.metric(),
                Figures.plural(points.size(), "commit") + ", from "
                        + Figures.number(points.getFirst().tokensPerSecond()) + " to "
                        + Figures.number(points.getLast().tokensPerSecond()) + " tokens/s, "
                        + Figures.plural(items.size(), "change") + " of level",
                rows,
                levels(history, most),
                dots,
                marks,
                items,
                shortened(points.getFirst().commit()),
                shortened(points.getLast().commit()));
    }

    /// Three to six round values from 0.
    private static List<Double> ticks(double most) {
        double power = Math.pow(10, Math.floor(Math.log10(most)));
        double step = most / power < 2 ? power / 2 : most / power < 5 ? power : 2 * power;
        List<Double> ticks = new ArrayList<>();
        for (int i = 0; i * step <= most; i++) {
            ticks.add(i * step);
        }
        return ticks;
    }

    /// A horizontal line for each level, at the geometric mean of its points.
    private static String levels(History history, double most) {
        List<History.Point> points = history.points();
        StringBuilder path = new StringBuilder();
        int from = 0;
        for (int segment = 0; segment <= history.shifts().size(); segment++) {
            int to = segment < history.shifts().size()
                    ? history.shifts().get(segment).at()
                    : points.size();
            double log = 0;
            for (int i = from; i < to; i++) {
                log += Math.log(points.get(i).tokensPerSecond()) / (to - from);
            }
            String height = Drawing.number(y(Math.exp(log), most));
            path.append('M')
                    .append(Drawing.number(x(from, points.size()) - 4))
                    .append(' ')
                    .append(height)
                    .append('L')
                    .append(Drawing.number(x(to - 1, points.size()) + 4))
                    .append(' ')
                    .append(height);
            from = to;
        }
        return path.toString();
    }

    /// As much of a commit's digest as tells it apart.
    private static String shortened(String commit) {
        return commit.length() > 12 ? commit.substring(0, 9) + "…" : commit;
    }

    private static double x(int point, int points) {
        return LEFT + 8 + (RIGHT - LEFT - 16) * point / Math.max(1, points - 1);
    }

    private static double y(double value, double most) {
        return BOTTOM - (BOTTOM - TOP) * value / most;
    }
}
