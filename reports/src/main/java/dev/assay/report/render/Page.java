package dev.assay.report.render;

import io.jstach.jstache.JStache;
import io.jstach.jstache.JStacheConfig;
import io.jstach.jstache.JStachePath;
import io.jstach.jstache.JStacheType;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// All that `report.html` shows, as text; `page.mustache` says where. Sections without content are null.
///
/// @param contentPolicy what the browser may load and run: nothing but the style and the script of the page
/// @param tiles the run in a few figures
@JStache(path = "page")
@JStachePath(prefix = "dev/assay/report/render/", suffix = ".mustache")
@JStacheConfig(type = JStacheType.JSTACHIO)
record Page(
        String contentPolicy,
        String style,
        String script,
        String title,
        Tone tone,
        String basis,
        String command,
        List<Fact> tiles,
        List<Failure> faults,
        @Nullable Failures failures,
        @Nullable MatrixTable matrix,
        @Nullable BudgetTable budgets,
        @Nullable Curves curves,
        @Nullable Compared comparison,
        @Nullable Bench bench,
        @Nullable CountTable counts,
        @Nullable Routing routing,
        @Nullable Checks checks,
        List<EngineCard> engines,
        List<Fact> environment) {
    /// A name and what it is.
    record Fact(String name, String value) {}

    /// Something that went wrong, and how to see it again.
    ///
    /// @param first the first divergence, empty if none is known
    record Failure(String kind, String subject, String message, String first, String reproduce) {}

    record Failures(String number, List<Failure> items) {}

    record MatrixTable(List<String> engines, List<MatrixRow> rows) {}

    /// An architecture of the matrix.
    ///
    /// @param anchor of the architecture's checks
    record MatrixRow(String architecture, String anchor, List<Matrix.Cell> cells) {}

    record BudgetTable(List<String> engines, List<BudgetRow> rows) {}

    record BudgetRow(String check, List<UseCell> cells) {}

    /// The share of a budget that was used.
    ///
    /// @param text empty where nothing was judged by a budget
    /// @param width of the bar, a percentage
    record UseCell(Tone tone, String text, String width, String where) {}

    /// Drawings of the error along the computation.
    ///
    /// @param legend engines, each with the number of its line's style
    record Curves(List<LegendItem> legend, List<Curve> items) {}

    record LegendItem(String name, int style) {}

    /// The budget used along the computation, a line for each engine.
    ///
    /// @param label what a reader who cannot see the drawing is told
    record Curve(String title, String subtitle, String label, List<Tick> rows, List<Tick> columns, List<Line> lines) {}

    /// A line of the grid.
    ///
    /// @param at its place in units of the drawing
    /// @param strong whether it is a limit
    record Tick(String at, String text, boolean strong) {}

    /// What one engine used, place by place.
    ///
    /// @param path of SVG
    /// @param dots centres of the points
    record Line(int style, String path, List<Dot> dots) {}

    /// A point of a line.
    ///
    /// @param tip what stands there
    record Dot(String x, String y, String tip) {}

    /// Speeds beside those of a baseline.
    ///
    /// @param scale what the ends of the drawn intervals mean
    record Compared(
            String baseline,
            String candidate,
            String control,
            String margin,
            String confidence,
            String scale,
            List<ComparedRow> rows,
            List<HistoryChart> histories) {}

    /// A metric.
    ///
    /// @param note empty where there is nothing to say
    record ComparedRow(
            String metric,
            Tone tone,
            String change,
            String note,
            String ratio,
            String interval,
            RatioBar bar,
            String detectable,
            String control) {}

    /// An interval on an axis of ratios, in percent of the drawing's width.
    ///
    /// @param marginFrom where the margin around no change begins
    record RatioBar(String from, String to, String at, String marginFrom, String marginWidth, String one) {}

    /// A speed over commits.
    ///
    /// @param label what a reader who cannot see the drawing is told
    /// @param levels the line between changes
    record HistoryChart(
            String title,
            String label,
            List<Tick> rows,
            String levels,
            List<Dot> dots,
            List<ShiftMark> marks,
            List<ShiftItem> shifts,
            String first,
            String last) {}

    record ShiftMark(String at, String number, Tone tone) {}

    record ShiftItem(String number, Tone tone, String text) {}

    record Bench(
            List<BenchRowView> rows,
            List<BarChart> speeds,
            List<LatencyChart> latencies,
            @Nullable Roofline roofline,
            List<BarChart> sizes,
            List<CostRow> costs,
            List<LoadRow> loads,
            List<ExtrapolationRow> extrapolations) {
        boolean hasCosts() {
            return !costs.isEmpty();
        }

        boolean hasLoads() {
            return !loads.isEmpty();
        }

        boolean hasExtrapolations() {
            return !extrapolations.isEmpty();
        }
    }

    record BenchRowView(
            String engine,
            String model,
            String threads,
            Tone tone,
            String outcome,
            String checked,
            String prefill,
            String prefillSpread,
            String prefillShare,
            String decode,
            String decodeSpread,
            String decodeShare,
            String warmUp,
            String reproduce) {}

    record BarChart(String title, String caption, List<Bar> bars) {}

    /// A figure of a measurement, as long as it is large.
    ///
    /// @param width percentage
    /// @param note beside the value, in small
    record Bar(
            Tone tone,
            String label,
            String value,
            String note,
            String width,
            @Nullable Whisker spread) {}

    /// The range of a value, in percent of the drawing's width.
    record Whisker(String from, String to) {}

    record LatencyChart(String title, String caption, String end, List<LatencyRow> rows) {}

    record LatencyRow(String label, List<Percentile> percentiles, String from, String to) {}

    /// A latency that so many tokens did not exceed.
    ///
    /// @param at percentage of the drawing's width
    record Percentile(String name, String value, String at) {}

    /// What a decoded token takes, and what it takes to know its latency.
    record CostRow(String label, String bytes, String flops, String allocated, String logits, String recording) {}

    /// A latency under a load that was asked for, in milliseconds; percentiles that are not known are empty.
    record LoadRow(
            String label,
            String load,
            String what,
            String p50,
            String p90,
            String p99,
            String p999,
            String max,
            String count) {}

    /// What slices say of a whole model.
    record ExtrapolationRow(
            String label,
            String layers,
            String prefill,
            String decode,
            String weights,
            String moved,
            String active,
            String cache,
            String formula) {}

    /// A roofline of the machine, with a point for each phase of each measurement, both axes logarithmic.
    record Roofline(String path, String label, List<Tick> rows, List<Tick> columns, List<RoofPoint> points) {}

    /// A phase of a measurement under the roof.
    ///
    /// @param square a prefill; a decode is round
    record RoofPoint(
            String x, String y, boolean square, int style, String number, String tip, String labelX, String labelY) {}

    record CountTable(List<CountRow> rows) {}

    record CountRow(
            String engine, String caseId, List<Counted> cache, List<Counted> experts, List<Counted> parameters) {}

    /// A figure beside its formula.
    ///
    /// @param at the positions it was counted at, empty where that does not matter
    record Counted(Tone tone, String text, String at) {}

    record Routing(List<RoutingGroup> groups) {}

    record RoutingGroup(String architecture, List<RoutingRow> rows) {}

    record RoutingRow(String caseId, String prompt, int layer, String engines, String evenness, List<Load> loads) {}

    /// The tokens of an expert, as a column of a drawing.
    record Load(String x, String width, String y, String height) {}

    record Checks(String number, List<String> outcomes, List<CheckGroup> groups) {}

    record CheckGroup(String anchor, String architecture, String summary, List<CheckRow> rows) {}

    record CheckRow(
            String engine,
            String caseId,
            String check,
            Tone tone,
            String outcome,
            String elements,
            UseCell use,
            String message,
            String time) {}

    record EngineCard(String title, String id, List<Fact> facts, List<String> decisions) {}
}
