package dev.assay.report.render;

import dev.assay.report.CheckResult;
import dev.assay.report.TapUse;
import dev.assay.report.render.Drawing.LogAxis;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// Draws how the budget is used along the computation: for each architecture the case and check that used most of it, a
/// line for each engine.
final class Curves {
    private static final double LEFT = 44;
    private static final double RIGHT = 350;
    private static final double TOP = 12;
    private static final double BOTTOM = 150;

    /// Lines that the style sheet tells apart.
    private static final int STYLES = 6;

    /// The lowest share that is drawn.
    private static final double LOW = 1e-3;

    private Curves() {}

    /// The drawings; null if no engine showed what is inside.
    static Page.@Nullable Curves of(List<CheckResult> results, List<String> engines) {
        Map<String, CheckResult> worst = new TreeMap<>(); // by architecture
        for (CheckResult result : results) {
            if (result.taps().size() > 1) {
                worst.merge(result.architecture(), result, (one, other) -> most(other) > most(one) ? other : one);
            }
        }
        List<Page.Curve> curves = new ArrayList<>();
        TreeMap<String, Integer> drawn = new TreeMap<>();
        for (CheckResult of : worst.values()) {
            List<CheckResult> same = results.stream()
                    .filter(result -> result.caseId().equals(of.caseId())
                            && result.check().equals(of.check())
                            && result.architecture().equals(of.architecture())
                            && result.taps().size() > 1)
                    .toList();
            same.forEach(result -> drawn.put(result.engine(), engines.indexOf(result.engine()) % STYLES));
            curves.add(curve(of, same, engines));
        }
        List<Page.LegendItem> legend = drawn.entrySet().stream()
                .map(engine -> new Page.LegendItem(engine.getKey(), engine.getValue()))
                .toList();
        return curves.isEmpty() ? null : new Page.Curves(legend, curves);
    }

    /// The largest share of all places; NaN counts as more than any.
    private static double most(CheckResult result) {
        return result.taps().stream()
                .mapToDouble(tap -> Double.isNaN(tap.used()) ? Double.POSITIVE_INFINITY : tap.used())
                .max()
                .orElse(0);
    }

    private static Page.Curve curve(CheckResult of, List<CheckResult> same, List<String> engines) {
        double most = same.stream().mapToDouble(Curves::most).max().orElse(1);
        double high = most <= 10 ? 10 : most <= 1e3 ? 1e3 : most <= 1e6 ? 1e6 : 1e12;
        LogAxis y = new LogAxis(LOW, high, BOTTOM, TOP);
        // All engines show the same places, or a part of them.
        List<TapUse> places = same.stream()
                .map(CheckResult::taps)
                .max(java.util.Comparator.comparingInt(List::size))
                .orElseThrow();
        List<Page.Line> lines = new ArrayList<>();
        StringBuilder label = new StringBuilder("Largest share of the budget used: ");
        for (CheckResult result : same) {
            lines.add(line(result, places, y, engines.indexOf(result.engine()) % STYLES));
            label.append(result.engine())
                    .append(' ')
                    .append(Figures.percent(most(result)))
                    .append("; ");
        }
        return new Page.Curve(
                of.architecture(),
                of.caseId() + ", " + of.check(),
                label.substring(0, label.length() - 2),
                rows(y, high),
                columns(places),
                lines);
    }

    private static List<Page.Tick> rows(LogAxis y, double high) {
        List<Page.Tick> rows = new ArrayList<>();
        int step = high > 1e6 ? 3 : high > 10 ? 2 : 1;
        for (int power = -3; power <= Math.round(Math.log10(high)); power++) {
            if (power == 0 || Math.floorMod(power, step) == 0) {
                double value = Math.pow(10, power);
                String text = power < -2
                        ? "0.1 %"
                        : power > 3
                                ? "10^" + power + "×"
                                : power > 0 ? Figures.count(Math.round(value)) + "×" : Math.round(100 * value) + " %";
                rows.add(new Page.Tick(Drawing.number(y.at(value)), text, power == 0));
            }
        }
        return rows;
    }

    /// A line where a layer begins, as many named as there is room for.
    private static List<Page.Tick> columns(List<TapUse> places) {
        List<Page.Tick> columns = new ArrayList<>();
        int layer = -2;
        double last = Double.NEGATIVE_INFINITY;
        for (int i = 0; i < places.size(); i++) {
            if (places.get(i).layer() != layer) {
                layer = places.get(i).layer();
                double x = x(i, places.size());
                boolean room = x - last >= 22;
                String name = layer >= 0 ? "" + layer : i == 0 ? "in" : "out";
                columns.add(new Page.Tick(Drawing.number(x), room ? name : "", false));
                last = room ? x : last;
            }
        }
        return columns;
    }

    private static Page.Line line(CheckResult result, List<TapUse> places, LogAxis y, int style) {
        List<Page.Dot> dots = new ArrayList<>();
        StringBuilder path = new StringBuilder();
        for (TapUse tap : result.taps()) {
            int place = 0;
            while (place < places.size() && !places.get(place).tap().equals(tap.tap())) {
                place++;
            }
            if (place == places.size()) {
                continue; // a place that only this engine shows
            }
            String x = Drawing.number(x(place, places.size()));
            String height = Drawing.number(y.at(tap.used()));
            path.append(path.isEmpty() ? "M" : "L").append(x).append(' ').append(height);
            dots.add(new Page.Dot(x, height, result.engine() + ", " + tap.tap() + ": " + Figures.percent(tap.used())));
        }
        return new Page.Line(style, path.toString(), dots);
    }

    private static double x(int place, int places) {
        return LEFT + 6 + (RIGHT - LEFT - 12) * place / Math.max(1, places - 1);
    }
}
