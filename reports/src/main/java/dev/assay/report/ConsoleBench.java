package dev.assay.report;

import dev.assay.report.BenchRow.Checked;
import dev.assay.report.ConsoleTable.Align;
import dev.assay.report.ConsoleTable.Cell;
import dev.assay.report.ConsoleTable.Ink;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// Measurements as text for a terminal or a log: a row for each engine, and why a row has no figures. ASCII only.
public final class ConsoleBench {
    private ConsoleBench() {}

    /// The rows of a report as text, lines ended by line feeds.
    ///
    /// @param colours whether to use the colours of a terminal
    public static String render(Report report, boolean colours) {
        StringBuilder out = new StringBuilder();
        if (!report.bench().isEmpty()) {
            out.append(table(report.bench()).render(colours));
            out.append("\nTOKENS/S are medians, with the slowest and the fastest repetition. OF PEAK and OF CEILING are"
                    + " shares of what\nthis machine computes and reads at most, measured right before and after.\n");
        }
        report.bench().forEach(row -> details(out, row));
        for (Fault fault : report.faults()) {
            out.append("\nFAULT  ").append(ConsoleReport.ascii(fault.subject())).append('\n');
            detail(out, fault.message());
            detail(out, "reproduce: " + fault.reproduce());
        }
        return out.toString();
    }

    private static ConsoleTable table(List<BenchRow> rows) {
        ConsoleTable table = new ConsoleTable()
                .column("ENGINE", Align.LEFT)
                .column("MODEL", Align.LEFT)
                .column("DTYPE", Align.LEFT)
                .column("THREADS", Align.RIGHT)
                .column("CHECKED", Align.LEFT)
                .column("PREFILL TOKENS/S", Align.RIGHT)
                .column("OF PEAK", Align.RIGHT)
                .column("DECODE TOKENS/S", Align.RIGHT)
                .column("OF CEILING", Align.RIGHT);
        for (BenchRow row : rows) {
            BenchRow.Prefill prefill = row.prefill();
            BenchRow.Decode decode = row.decode();
            table.add(List.of(
                    plain(row.engine()),
                    plain(row.model() + slice(row.shape())),
                    plain(row.dtype()),
                    plain("" + row.threads()),
                    new Cell(row.checked().outcome().name(), ink(row.checked())),
                    plain(prefill == null ? "-" : rate(prefill.spread())),
                    plain(prefill == null ? "-" : ConsoleReport.percent(prefill.fmaPeakShare())),
                    plain(decode == null ? "-" : rate(decode.spread())),
                    plain(decode == null ? "-" : ConsoleReport.percent(decode.readCeilingShare()))));
        }
        return table;
    }

    private static String slice(BenchRow.Shape shape) {
        return shape.partial() ? " (" + shape.layers() + " of " + shape.publishedLayers() + " layers)" : "";
    }

    private static void details(StringBuilder out, BenchRow row) {
        out.append('\n')
                .append(ConsoleReport.ascii(row.engine()))
                .append(" on ")
                .append(ConsoleReport.ascii(row.model()))
                .append('\n');
        Checked checked = row.checked();
        detail(
                out,
                "checked: " + checked.outcome() + ", " + count(checked.elements()) + " logits, "
                        + checked.positions() + " positions against the reference"
                        + used(", budget used ", checked.reference())
                        + used(", timed against check run ", checked.timed()));
        if (checked.message() != null) {
            detail(out, checked.message());
        }
        BenchRow.Decode decode = row.decode();
        BenchRow.Requests requests = row.requests();
        BenchRow.KvCache cache = row.kvCache();
        BenchRow.ActiveParameters active = row.activeParameters();
        BenchRow.Memory memory = row.memory();
        BenchRow.Ceilings ceilings = row.ceilings();
        BenchRow.WarmUp warmUp = row.warmUp();
        if (decode != null
                && requests != null
                && cache != null
                && active != null
                && memory != null
                && ceilings != null
                && warmUp != null) {
            detail(out, "time to first token: " + latency(requests.ttft()));
            detail(out, "time per output token: " + latency(requests.tpot()));
            detail(out, "inter-token latency: " + latency(decode.latency()));
            loads(out, requests);
            detail(
                    out,
                    String.format(
                            Locale.ROOT,
                            "a decoded token: %.1f MB moved, %.3f GFLOP, %,.0f bytes allocated (its logits take %,d)",
                            decode.bytesPerToken() / 1e6,
                            decode.flopsPerToken() / 1e9,
                            decode.allocatedBytesPerToken(),
                            decode.returnedBytesPerToken()));
            detail(
                    out,
                    "KV cache: " + counted(cache) + ", " + count(cache.formulaBytes())
                            + " by formula; active parameters: " + count(active.counted()) + " counted, "
                            + count(active.formula()) + " by formula");
            detail(
                    out,
                    String.format(
                            Locale.ROOT,
                            "memory: %.2f GB at the peak, %.2f GB off the heap, weights %.2f GB, held besides by the engine %.2f GB",
                            memory.peakRssBytes() / 1e9,
                            memory.offHeapBytes() / 1e9,
                            memory.checkpointBytes() / 1e9,
                            memory.engineBytes() / 1e9));
            detail(
                    out,
                    String.format(
                            Locale.ROOT,
                            "ceilings: read %.1f GB/s (%.1f to %.1f), float32 FMA %.0f GFLOP/s (%.0f to %.0f)",
                            ceilings.read().median() / 1e9,
                            ceilings.read().min() / 1e9,
                            ceilings.read().max() / 1e9,
                            ceilings.fma().median() / 1e9,
                            ceilings.fma().min() / 1e9,
                            ceilings.fma().max() / 1e9));
            detail(
                    out,
                    "warm-up: " + warmUp.repetitions() + " repetitions, "
                            + (warmUp.stable()
                                    ? "until the speed rose no more"
                                    : "and the speed still rose when time was up"));
            detail(
                    out,
                    String.format(
                            Locale.ROOT,
                            "recording: %,d latencies of %.0f ns each, %.5f %% of the time measured",
                            requests.recording().count(),
                            requests.recording().nanosecondsEach(),
                            100 * requests.recording().share()));
        }
        BenchRow.Extrapolation whole = row.extrapolation();
        if (whole != null) {
            detail(out, extrapolation(row.shape(), whole));
        } else if (row.shape().partial() && decode != null) {
            detail(
                    out,
                    "not extrapolated to all " + row.shape().publishedLayers()
                            + " layers: a deeper slice is, or the repetitions scatter too much or are too few");
        }
        detail(out, "reproduce: " + row.reproduce());
    }

    private static void loads(StringBuilder out, BenchRow.Requests requests) {
        BenchRow.Sessions sessions = requests.sessions();
        if (sessions != null) {
            detail(
                    out,
                    sessions.count() + " sessions in turn: " + rate(sessions.tokensPerSecond())
                            + " tokens/s in all; inter-token latency of");
            for (int i = 0; i < sessions.count(); i++) {
                detail(
                        out,
                        "  session " + (i + 1) + ": " + latency(sessions.itl().get(i)));
            }
        }
        BenchRow.OpenLoop open = requests.openLoop();
        if (open != null) {
            detail(
                    out,
                    String.format(
                            Locale.ROOT,
                            "open loop, %d requests at %.3f/s, from their scheduled start:",
                            open.requests(),
                            open.requestsPerSecond()));
            detail(out, "  time to first token: " + latency(open.ttft()));
            detail(out, "  time per output token: " + latency(open.tpot()));
            detail(out, "  whole request: " + latency(open.total()));
            detail(out, "  of that, waiting: " + latency(open.waiting()));
        }
    }

    /// The percentiles that are known, in milliseconds.
    private static String latency(BenchRow.Latency latency) {
        StringBuilder text = new StringBuilder();
        percentile(text, "p50", latency.p50());
        percentile(text, "p90", latency.p90());
        percentile(text, "p99", latency.p99());
        percentile(text, "p99.9", latency.p999());
        percentile(text, "max", latency.max());
        return text + " of " + count(latency.count());
    }

    private static void percentile(StringBuilder text, String name, @Nullable Double milliseconds) {
        if (milliseconds != null) {
            text.append(text.isEmpty() ? "" : ", ")
                    .append(name)
                    .append(String.format(Locale.ROOT, " %.2f ms", milliseconds));
        }
    }

    private static String counted(BenchRow.KvCache cache) {
        Long bytes = cache.countedBytes();
        return bytes == null ? "not counted by the engine" : count(bytes) + " bytes counted";
    }

    private static String extrapolation(BenchRow.Shape shape, BenchRow.Extrapolation whole) {
        return "EXTRAPOLATED to all " + shape.publishedLayers() + " layers, not measured: decode "
                + estimate(whole.decodeTokensPerSecond()) + ", prefill " + estimate(whole.prefillTokensPerSecond())
                + String.format(
                        Locale.ROOT,
                        " tokens/s; weights %.1f GB, %.2f GB moved for a token, %,d parameters active, KV cache %.3f GB",
                        whole.weightBytes() / 1e9,
                        whole.decodeBytesPerToken() / 1e9,
                        whole.activeParameters(),
                        whole.kvCacheBytes() / 1e9)
                + "\n  " + whole.formula();
    }

    private static String estimate(BenchRow.Estimate estimate) {
        return String.format(
                Locale.ROOT, "%.3f (95 %%: %.3f to %.3f)", estimate.value(), estimate.low(), estimate.high());
    }

    private static String used(String what, @Nullable BudgetUse use) {
        return use == null ? "" : what + ConsoleReport.percent(use.used());
    }

    private static Ink ink(Checked checked) {
        return Verdicts.isFailure(checked.outcome())
                ? Ink.RED
                : checked.outcome() == Outcome.PASS ? Ink.GREEN : Ink.YELLOW;
    }

    static String rate(Spread spread) {
        return String.format(Locale.ROOT, "%.2f (%.2f-%.2f)", spread.median(), spread.min(), spread.max());
    }

    private static String count(long number) {
        return String.format(Locale.ROOT, "%,d", number);
    }

    private static Cell plain(String text) {
        return new Cell(ConsoleReport.ascii(text), Ink.NONE);
    }

    private static void detail(StringBuilder out, String text) {
        out.append("      ")
                .append(ConsoleReport.ascii(text).replace("\n", "\n      "))
                .append('\n');
    }
}
