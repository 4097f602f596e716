package dev.assay.perf.run;

import dev.assay.perf.model.BenchModel;
import dev.assay.plan.cost.ActiveConvention;
import dev.assay.plan.cost.KvCacheCount;
import dev.assay.plan.cost.ParameterCount;
import dev.assay.report.BenchRow;
import dev.assay.report.BenchRow.Estimate;
import dev.assay.report.BenchRow.Extrapolation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;

/// From slices of a model to the whole of it, which did not run.
///
/// Seconds are taken to be `a + b · work`: work is what the plan says that a token moves (decode) or that a prompt
/// computes (prefill), so that each layer counts by its kind, dense or with experts, with a window or without; `a` is
/// what a step costs however little it moves. Slices of two or more depths give both by least squares. Slices of one
/// depth give `b` only, and `a` is taken to be 0, which makes the embedding, the head and the step itself weigh as
/// much as they would in proportion to their work.
public final class Extrapolator {
    private final BenchModel whole;
    private final Workload workload;

    /// A model with some of the layers, and what was measured of it.
    ///
    /// @param row with figures
    public record Slice(BenchModel model, BenchRow row) {}

    /// @param whole the model with all its layers, of which nothing is loaded
    public Extrapolator(BenchModel whole, Workload workload) {
        this.whole = whole;
        this.workload = workload;
    }

    /// What the slices say, which are rows of one engine; nothing if the repetitions scatter so much that the
    /// interval has no upper end, or are too few for an interval.
    ///
    /// @param slices at least one
    public Optional<Extrapolation> of(List<Slice> slices) {
        List<Slice> ascending = slices.stream()
                .sorted(Comparator.comparingInt(slice -> slice.row().shape().layers()))
                .toList();
        WorkloadCost cost = WorkloadCost.of(whole, workload, bytesPerCached(ascending.getLast()));
        List<Point> decode = new ArrayList<>();
        List<Point> prefill = new ArrayList<>();
        for (Slice slice : ascending) {
            BenchRow row = slice.row();
            BenchRow.Decode decoded = Objects.requireNonNull(row.decode());
            for (double rate : decoded.spread().samples()) {
                decode.add(new Point(decoded.bytesPerToken(), 1 / rate));
            }
            BenchRow.Prefill prompt = Objects.requireNonNull(row.prefill());
            for (double rate : prompt.spread().samples()) {
                prefill.add(new Point(prompt.flops(), prompt.tokens() / rate));
            }
        }
        Optional<Line.At> decodeAt = Line.through(decode).flatMap(line -> line.at(cost.decodeBytesPerToken()));
        Optional<Line.At> prefillAt = Line.through(prefill).flatMap(line -> line.at((double) cost.prefillFlops()));
        if (decodeAt.isEmpty() || prefillAt.isEmpty()) {
            return Optional.empty();
        }
        List<Integer> layers = ascending.stream()
                .map(slice -> slice.row().shape().layers())
                .distinct()
                .toList();
        return Optional.of(new Extrapolation(
                layers,
                formula(layers, decodeAt.orElseThrow(), prefillAt.orElseThrow()),
                rate(workload.prompt().length, prefillAt.orElseThrow()),
                rate(1, decodeAt.orElseThrow()),
                whole.weightBytes().total(),
                cost.decodeBytesPerToken(),
                ParameterCount.of(whole.plan()).active(ActiveConvention.EXCLUDING_INPUT_EMBEDDING),
                cost.kvCacheBytes()));
    }

    /// Of a number in the engine's cache: what a slice's formula gives at all numbers that it holds.
    private int bytesPerCached(Slice slice) {
        long numbers = KvCacheCount.of(slice.model().plan()).live(workload.length());
        return Math.toIntExact(Objects.requireNonNull(slice.row().kvCache()).formulaBytes() / numbers);
    }

    private static Estimate rate(int tokens, Line.At seconds) {
        return new Estimate(tokens / seconds.value(), tokens / seconds.high(), tokens / seconds.low());
    }

    private static String formula(List<Integer> layers, Line.At decode, Line.At prefill) {
        return String.format(
                Locale.ROOT,
                "seconds = a + b * work, %s: decode a = %.3f ms, 1/b = %.2f GB/s over the bytes that a token moves; prefill"
                        + " a = %.1f ms, 1/b = %.1f GFLOP/s over the operations of the prompt",
                layers.size() == 1
                        ? "a = 0, from a slice of " + layers.getFirst() + " layers alone"
                        : "least squares over slices of " + layers + " layers",
                decode.line().intercept() * 1e3,
                1e-9 / decode.line().slope(),
                prefill.line().intercept() * 1e3,
                1e-9 / prefill.line().slope());
    }
}
