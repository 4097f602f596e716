package dev.assay.perf.compare;

import dev.assay.perf.PerfException;
import dev.assay.report.BenchRow;
import dev.assay.report.Report;
import java.util.LinkedHashMap;
import java.util.Map;

/// The speeds in a report of measurements, by names that are the same in every report of the same measurement.
public final class Metrics {
    private Metrics() {}

    /// Samples in tokens per second of every row, for example of `qwen3-0.6b bf16 decode`. The engine is in the
    /// name only where a report has several, so that reports of two engines can be compared.
    ///
    /// @param source where the report comes from, for messages
    /// @throws PerfException if a row has no figures, because its result was wrong or its engine could not, or if
    /// there
    ///     is no row
    public static Map<String, double[]> of(Report report, String source) {
        if (report.bench().isEmpty()) {
            throw new PerfException(source + ": bench: expected rows of measurements, found none");
        }
        boolean several =
                report.bench().stream().map(BenchRow::engine).distinct().count() > 1;
        Map<String, double[]> metrics = new LinkedHashMap<>();
        for (BenchRow row : report.bench()) {
            BenchRow.Prefill prefill = row.prefill();
            BenchRow.Decode decode = row.decode();
            if (prefill == null || decode == null) {
                throw new PerfException(source + ": " + row.engine() + " on " + row.model() + ": "
                        + row.checked().outcome() + ", so there is no speed to compare: "
                        + row.checked().message());
            }
            int layers = row.shape().layers();
            String name = (several ? row.engine() + " " : "") + row.model() + " "
                    + (layers == row.shape().publishedLayers() ? "" : layers + " layers ") + row.dtype() + " ";
            put(metrics, name + "prefill", prefill.spread().samples().stream(), source);
            put(metrics, name + "decode", decode.spread().samples().stream(), source);
        }
        return metrics;
    }

    private static void put(
            Map<String, double[]> metrics, String name, java.util.stream.Stream<Double> samples, String source) {
        if (metrics.put(name, samples.mapToDouble(Double::doubleValue).toArray()) != null) {
            throw new PerfException(source + ": two rows measure " + name);
        }
    }
}
