package dev.assay.report.render;

import dev.assay.report.BenchRow;
import dev.assay.report.BudgetUse;
import dev.assay.report.Spread;
import dev.assay.report.render.Drawing.LogAxis;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/// Draws measurements. Every chart starts at 0, except the roofline, whose axes are logarithmic.
final class BenchCharts {
    private final List<BenchRow> rows;

    private BenchCharts(List<BenchRow> rows) {
        this.rows = rows;
    }

    static Page.Bench of(List<BenchRow> rows) {
        BenchCharts charts = new BenchCharts(rows);
        return new Page.Bench(
                charts.table(),
                charts.speeds(),
                charts.latencies(),
                charts.roofline(),
                charts.sizes(),
                charts.costs(),
                charts.loads(),
                charts.extrapolations());
    }

    private List<Page.BenchRowView> table() {
        List<Page.BenchRowView> table = new ArrayList<>();
        for (BenchRow row : rows) {
            BenchRow.Checked checked = row.checked();
            BenchRow.Prefill prefill = row.prefill();
            BenchRow.Decode decode = row.decode();
            BenchRow.WarmUp warmUp = row.warmUp();
            BudgetUse reference = checked.reference();
            table.add(new Page.BenchRowView(
                    row.engine(),
                    Figures.model(row),
                    "" + row.threads(),
                    Figures.tone(checked.outcome()),
                    checked.outcome().name().replace('_', ' '),
                    reference == null
                            ? Objects.requireNonNullElse(checked.message(), "")
                            : Figures.percent(reference.used()) + " of the budget, "
                                    + Figures.plural(checked.positions(), "position"),
                    prefill == null ? "" : Figures.number(prefill.tokensPerSecond()),
                    prefill == null ? "" : range(prefill.spread()),
                    prefill == null ? "" : Figures.percent(prefill.fmaPeakShare()),
                    decode == null ? "" : Figures.number(decode.tokensPerSecond()),
                    decode == null ? "" : range(decode.spread()),
                    decode == null ? "" : Figures.percent(decode.readCeilingShare()),
                    warmUp == null
                            ? ""
                            : Figures.plural(warmUp.repetitions(), "repetition")
                                    + (warmUp.stable() ? "" : ", and the speed still rose when time was up"),
                    row.reproduce()));
        }
        return table;
    }

    static String range(Spread spread) {
        return Figures.number(spread.min()) + " to " + Figures.number(spread.max());
    }

    private static String label(BenchRow row) {
        return row.engine() + ", " + Figures.model(row);
    }

    private List<Page.BarChart> speeds() {
        List<Page.BarChart> charts = new ArrayList<>();
        add(charts, spreads("Prefill, tokens/s", BenchRow::prefill, BenchRow.Prefill::spread));
        add(charts, spreads("Decode, tokens/s", BenchRow::decode, BenchRow.Decode::spread));
        add(
                charts,
                shares(
                        "Prefill, share of the peak",
                        "Operations by formula, over what the processor computes at most in float32.",
                        BenchRow::prefill,
                        BenchRow.Prefill::fmaPeakShare));
        add(
                charts,
                shares(
                        "Decode, share of the read ceiling",
                        "Bytes of weights and cache by formula, over what the memory delivers at most. More than 100 % says"
                                + " that a part stays in a processor cache, or that the machine was not quiet.",
                        BenchRow::decode,
                        BenchRow.Decode::readCeilingShare));
        return charts;
    }

    private static void add(List<Page.BarChart> charts, Page.BarChart chart) {
        if (!chart.bars().isEmpty()) {
            charts.add(chart);
        }
    }

    private <F> Page.BarChart spreads(
            String title, Function<BenchRow, @Nullable F> figure, Function<F, Spread> spread) {
        List<String> labels = new ArrayList<>();
        List<Spread> spreads = new ArrayList<>();
        for (BenchRow row : rows) {
            F of = figure.apply(row);
            if (of != null) {
                labels.add(label(row));
                spreads.add(spread.apply(of));
            }
        }
        return speeds(title, labels, spreads);
    }

    /// A bar for each label, with its spread.
    static Page.BarChart speeds(String title, List<String> labels, List<Spread> spreads) {
        double most = spreads.stream().mapToDouble(Spread::max).max().orElse(1);
        List<Page.Bar> bars = new ArrayList<>();
        for (int i = 0; i < spreads.size(); i++) {
            Spread value = spreads.get(i);
            bars.add(new Page.Bar(
                    Tone.QUIET,
                    labels.get(i),
                    Figures.number(value.median()),
                    range(value),
                    Drawing.width(value.median() / most),
                    new Page.Whisker(Drawing.width(value.min() / most), Drawing.width(value.max() / most))));
        }
        return new Page.BarChart(title, "Median, with the slowest and the fastest repetition.", bars);
    }

    private <F> Page.BarChart shares(
            String title, String caption, Function<BenchRow, @Nullable F> figure, Function<F, Double> share) {
        List<Page.Bar> bars = new ArrayList<>();
        for (BenchRow row : rows) {
            F of = figure.apply(row);
            if (of != null) {
                double value = share.apply(of);
                bars.add(new Page.Bar(
                        value <= 1 ? Tone.QUIET : Tone.WARN,
                        label(row),
                        Figures.percent(value),
                        "",
                        Drawing.width(value),
                        null));
            }
        }
        return new Page.BarChart(title, caption, bars);
    }

    private List<Page.BarChart> sizes() {
        List<Page.BarChart> charts = new ArrayList<>();
        add(
                charts,
                counts(
                        "KV cache after the last token",
                        "Bytes that the engine holds, beside the formula.",
                        "B",
                        BenchRow::kvCache,
                        BenchRow.KvCache::countedBytes,
                        BenchRow.KvCache::formulaBytes));
        add(
                charts,
                counts(
                        "Active parameters of a token",
                        "Without the input embedding, counted with the experts that ran, beside the formula.",
                        "",
                        BenchRow::activeParameters,
                        BenchRow.ActiveParameters::counted,
                        BenchRow.ActiveParameters::formula));
        add(charts, memory());
        return charts;
    }

    private <F> Page.BarChart counts(
            String title,
            String caption,
            String unit,
            Function<BenchRow, @Nullable F> figure,
            Function<F, @Nullable Long> counted,
            Function<F, Long> formula) {
        long most = 1;
        for (BenchRow row : rows) {
            F of = figure.apply(row);
            most = of == null ? most : Math.max(most, Objects.requireNonNullElse(counted.apply(of), formula.apply(of)));
        }
        List<Page.Bar> bars = new ArrayList<>();
        for (BenchRow row : rows) {
            F of = figure.apply(row);
            if (of != null) {
                Long found = counted.apply(of);
                long expected = formula.apply(of);
                long value = found == null ? expected : found;
                bars.add(new Page.Bar(
                        found == null ? Tone.QUIET : value == expected ? Tone.GOOD : Tone.WARN,
                        label(row),
                        Figures.scaled((double) value, unit).strip(),
                        found == null
                                ? "by formula; the engine does not count"
                                : value == expected
                                        ? "= formula"
                                        : "formula "
                                                + Figures.scaled((double) expected, unit)
                                                        .strip(),
                        Drawing.width((double) value / most),
                        null));
            }
        }
        return new Page.BarChart(title, caption, bars);
    }

    private Page.BarChart memory() {
        long most = 1;
        for (BenchRow row : rows) {
            BenchRow.Memory memory = row.memory();
            most = memory == null ? most : Math.max(most, memory.peakRssBytes());
        }
        List<Page.Bar> bars = new ArrayList<>();
        for (BenchRow row : rows) {
            BenchRow.Memory memory = row.memory();
            if (memory != null) {
                bars.add(new Page.Bar(
                        Tone.QUIET,
                        label(row),
                        memory.peakRssBytes() == 0 ? "unknown" : Figures.scaled((double) memory.peakRssBytes(), "B"),
                        "off the heap "
                                + (memory.offHeapBytes() == 0
                                        ? "unknown"
                                        : Figures.scaled((double) memory.offHeapBytes(), "B"))
                                + ", weights " + Figures.scaled((double) memory.checkpointBytes(), "B")
                                + ", held besides "
                                + Figures.scaled((double) memory.engineBytes(), "B"),
                        Drawing.width((double) memory.peakRssBytes() / most),
                        null));
            }
        }
        return new Page.BarChart(
                "Memory at the peak", "Physical memory of the process while it loaded and warmed up.", bars);
    }

    private List<Page.LatencyChart> latencies() {
        List<Page.LatencyChart> charts = new ArrayList<>();
        addLatency(
                charts,
                "Time to first token, ms",
                "From the request to the logits after its prompt.",
                BenchRow::requests,
                BenchRow.Requests::ttft);
        addLatency(
                charts,
                "Time per output token, ms",
                "The mean over the tokens of a request after the first.",
                BenchRow::requests,
                BenchRow.Requests::tpot);
        addLatency(
                charts,
                "Inter-token latency, ms",
                "Of a decoded token, over all repetitions.",
                BenchRow::decode,
                BenchRow.Decode::latency);
        return charts;
    }

    private <F> void addLatency(
            List<Page.LatencyChart> charts,
            String title,
            String caption,
            Function<BenchRow, @Nullable F> figure,
            Function<F, BenchRow.Latency> latency) {
        double most = 0;
        for (BenchRow row : rows) {
            F of = figure.apply(row);
            most = of == null ? most : Math.max(most, latency.apply(of).max());
        }
        List<Page.LatencyRow> all = new ArrayList<>();
        for (BenchRow row : rows) {
            F of = figure.apply(row);
            if (of != null) {
                BenchRow.Latency value = latency.apply(of);
                all.add(new Page.LatencyRow(
                        label(row),
                        percentiles(value, most),
                        Drawing.width(value.p50() / most),
                        Drawing.width(value.max() / most)));
            }
        }
        if (!all.isEmpty()) {
            charts.add(new Page.LatencyChart(title, caption, Figures.milliseconds(most), all));
        }
    }

    /// Those that are known.
    private static List<Page.Percentile> percentiles(BenchRow.Latency latency, double most) {
        List<Page.Percentile> percentiles = new ArrayList<>();
        percentiles.add(percentile("p50", latency.p50(), most));
        Double p90 = latency.p90();
        if (p90 != null) {
            percentiles.add(percentile("p90", p90, most));
        }
        Double p99 = latency.p99();
        if (p99 != null) {
            percentiles.add(percentile("p99", p99, most));
        }
        Double p999 = latency.p999();
        if (p999 != null) {
            percentiles.add(percentile("p99.9", p999, most));
        }
        percentiles.add(percentile("max of " + Figures.count(latency.count()), latency.max(), most));
        return percentiles;
    }

    private static Page.Percentile percentile(String name, double value, double most) {
        return new Page.Percentile(name, Figures.number(value), Drawing.width(value / most));
    }

    private List<Page.CostRow> costs() {
        List<Page.CostRow> costs = new ArrayList<>();
        for (BenchRow row : rows) {
            BenchRow.Decode decode = row.decode();
            BenchRow.Requests requests = row.requests();
            if (decode != null && requests != null) {
                BenchRow.Recording recording = requests.recording();
                costs.add(new Page.CostRow(
                        label(row),
                        Figures.scaled(decode.bytesPerToken(), "B"),
                        Figures.scaled(decode.flopsPerToken(), "FLOP"),
                        Figures.scaled(decode.allocatedBytesPerToken(), "B"),
                        Figures.scaled(decode.returnedBytesPerToken(), "B"),
                        Figures.smallPercent(recording.share()) + ", " + Figures.count(recording.count())
                                + " latencies of " + Figures.number(recording.nanosecondsEach()) + " ns"));
            }
        }
        return costs;
    }

    /// What was asked for beside one session alone.
    private List<Page.LoadRow> loads() {
        List<Page.LoadRow> loads = new ArrayList<>();
        for (BenchRow row : rows) {
            BenchRow.Requests requests = row.requests();
            BenchRow.Sessions sessions = requests == null ? null : requests.sessions();
            BenchRow.OpenLoop open = requests == null ? null : requests.openLoop();
            if (sessions != null) {
                String load = Figures.plural(sessions.count(), "session") + " in turn, "
                        + Figures.number(sessions.tokensPerSecond().median()) + " tokens/s in all";
                for (int i = 0; i < sessions.count(); i++) {
                    loads.add(load(
                            row,
                            load,
                            "inter-token, session " + (i + 1),
                            sessions.itl().get(i)));
                }
            }
            if (open != null) {
                String load = "open loop, " + Figures.plural(open.requests(), "request") + " at "
                        + Drawing.number(open.requestsPerSecond()) + "/s";
                loads.add(load(row, load, "time to first token", open.ttft()));
                loads.add(load(row, load, "time per output token", open.tpot()));
                loads.add(load(row, load, "whole request", open.total()));
                loads.add(load(row, load, "of that, waiting", open.waiting()));
            }
        }
        return loads;
    }

    private static Page.LoadRow load(BenchRow row, String load, String what, BenchRow.Latency latency) {
        return new Page.LoadRow(
                label(row),
                load,
                what,
                Figures.number(latency.p50()),
                Figures.known(latency.p90()),
                Figures.known(latency.p99()),
                Figures.known(latency.p999()),
                Figures.number(latency.max()),
                Figures.count(latency.count()));
    }

    private List<Page.ExtrapolationRow> extrapolations() {
        List<Page.ExtrapolationRow> all = new ArrayList<>();
        for (BenchRow row : rows) {
            BenchRow.Extrapolation whole = row.extrapolation();
            if (whole != null) {
                all.add(new Page.ExtrapolationRow(
                        label(row),
                        Figures.count(row.shape().publishedLayers()),
                        Figures.estimate(whole.prefillTokensPerSecond()),
                        Figures.estimate(whole.decodeTokensPerSecond()),
                        Figures.scaled(whole.weightBytes(), "B"),
                        Figures.scaled(whole.decodeBytesPerToken(), "B"),
                        Figures.scaled(whole.activeParameters(), "").strip(),
                        Figures.scaled(whole.kvCacheBytes(), "B"),
                        whole.formula()));
            }
        }
        return all;
    }

    /// The roof is the median of the ceilings measured. A prefill reads its weights at least once: its intensity
    /// is at most its operations over those bytes, and it is drawn there.
    private Page.@Nullable Roofline roofline() {
        List<Double> reads = new ArrayList<>();
        List<Double> peaks = new ArrayList<>();
        List<Phase> phases = new ArrayList<>();
        for (int i = 0; i < rows.size(); i++) {
            BenchRow row = rows.get(i);
            BenchRow.Ceilings ceilings = row.ceilings();
            BenchRow.Prefill prefill = row.prefill();
            BenchRow.Decode decode = row.decode();
            BenchRow.Memory memory = row.memory();
            if (ceilings != null && prefill != null && decode != null && memory != null) {
                reads.add(ceilings.readBytesPerSecond());
                peaks.add(ceilings.fmaFlopsPerSecond());
                phases.add(new Phase(
                        i + 1,
                        "prefill",
                        (double) prefill.flops() / memory.checkpointBytes(),
                        prefill.tokensPerSecond() * prefill.flops() / prefill.tokens()));
                phases.add(new Phase(
                        i + 1,
                        "decode",
                        decode.flopsPerToken() / decode.bytesPerToken(),
                        decode.tokensPerSecond() * decode.flopsPerToken()));
            }
        }
        if (phases.isEmpty()) {
            return null;
        }
        double read = Spread.of(reads).median();
        double peak = Spread.of(peaks).median();
        double ridge = peak / read;
        LogAxis x = new LogAxis(
                powerBelow(Math.min(
                        ridge,
                        phases.stream().mapToDouble(Phase::intensity).min().orElse(1))),
                10
                        * powerBelow(Math.max(
                                ridge,
                                phases.stream()
                                        .mapToDouble(Phase::intensity)
                                        .max()
                                        .orElse(1))),
                84,
                468);
        LogAxis y = new LogAxis(
                powerBelow(phases.stream().mapToDouble(Phase::speed).min().orElse(1)), 10 * powerBelow(peak), 230, 12);
        double start = Math.max(x.low(), y.low() / read);
        String path = "M" + Drawing.number(x.at(start)) + " " + Drawing.number(y.at(start * read)) + "L"
                + Drawing.number(x.at(ridge)) + " " + Drawing.number(y.at(peak)) + "L" + Drawing.number(x.at(x.high()))
                + " " + Drawing.number(y.at(peak));
        List<Page.RoofPoint> points =
                phases.stream().map(phase -> point(phase, x, y)).toList();
        return new Page.Roofline(
                path,
                "Memory delivers at most " + Figures.scaled(read, "B/s") + ", the processor computes at most "
                        + Figures.scaled(peak, "FLOP/s") + "; the figures stand in the tables.",
                powers(y, "FLOP/s"),
                powers(x, ""),
                points);
    }

    /// A prefill or the decoding of a measurement.
    ///
    /// @param number of its row, from 1
    /// @param intensity operations per byte
    /// @param speed operations per second
    private record Phase(int number, String name, double intensity, double speed) {}

    private Page.RoofPoint point(Phase phase, LogAxis x, LogAxis y) {
        double across = x.at(phase.intensity());
        double height = y.at(phase.speed());
        // Rows of one dtype stand in one place: their numbers stand around it.
        int side = (phase.number() - 1) % 4;
        double labelX = across + new double[] {0, 0, -12, 12}[side];
        double labelY = height + new double[] {-9, 18, 4, 4}[side];
        return new Page.RoofPoint(
                Drawing.number(across),
                Drawing.number(height),
                phase.name().equals("prefill"),
                (phase.number() - 1) % 6,
                "" + phase.number(),
                phase.number() + ", " + label(rows.get(phase.number() - 1)) + ", " + phase.name() + ": "
                        + Figures.scaled(phase.speed(), "FLOP/s") + " at " + Figures.number(phase.intensity())
                        + " FLOP/byte",
                Drawing.number(labelX),
                Drawing.number(labelY));
    }

    private static double powerBelow(double value) {
        return Math.pow(10, Math.floor(Math.log10(value)));
    }

    private static List<Page.Tick> powers(LogAxis axis, String unit) {
        List<Page.Tick> ticks = new ArrayList<>();
        int first = (int) Math.round(Math.log10(axis.low()));
        int last = (int) Math.round(Math.log10(axis.high()));
        for (int power = first; power <= last; power++) {
            ticks.add(new Page.Tick(Drawing.number(axis.at(Math.pow(10, power))), power(power, unit), false));
        }
        return ticks;
    }

    /// A power of ten in full: `0.1`, `100`, `10 GFLOP/s`.
    private static String power(int power, String unit) {
        if (power < 0) {
            return Drawing.number(Math.pow(10, (double) power)) + " " + unit;
        }
        String digits = "1" + "0".repeat(power % 3);
        return digits + " " + List.of("", "k", "M", "G", "T", "P").get(Math.min(5, power / 3)) + unit;
    }
}
