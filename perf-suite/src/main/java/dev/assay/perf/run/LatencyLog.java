package dev.assay.perf.run;

import dev.assay.perf.PerfException;
import dev.assay.report.BenchRow.Latency;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramLogWriter;

/// Every latency of a measurement, as histograms of nanoseconds: one for each metric and each part of the run, so that
/// a log shows how a latency changes while the run goes on.
public final class LatencyLog {
    /// Latencies are recorded up to this, in nanoseconds, and to three significant digits.
    private static final long LONGEST = 3_600_000_000_000L;

    private static final int DIGITS = 3;

    private static final double NANOSECONDS_PER_MILLISECOND = 1e6;

    private final String tag;
    private final List<Histogram> histograms = new ArrayList<>();

    /// @param tag in front of every metric
    LatencyLog(String tag) {
        // HdrHistogram's log separates fields by commas and lines by line feeds.
        this.tag = tag.replaceAll("[,\\s]", "-");
    }

    String tag() {
        return tag;
    }

    /// Notes latencies of one part of the run, and returns them.
    ///
    /// @param startMillis when the part began, since 1970
    /// @param endMillis when it ended
    void add(String metric, long startMillis, long endMillis, long... nanos) {
        Histogram histogram = new Histogram(LONGEST, DIGITS);
        for (long each : nanos) {
            histogram.recordValue(Math.clamp(each, 0, LONGEST));
        }
        histogram.setTag(tag + "/" + metric);
        histogram.setStartTimeStamp(startMillis);
        histogram.setEndTimeStamp(endMillis);
        histograms.add(histogram);
    }

    /// The distribution of a metric over the whole run.
    Latency latency(String metric) {
        Histogram sum = new Histogram(LONGEST, DIGITS);
        histograms.stream()
                .filter(histogram -> histogram.getTag().equals(tag + "/" + metric))
                .forEach(sum::add);
        return Latency.of(
                sum.getTotalCount(), percentile -> sum.getValueAtPercentile(percentile) / NANOSECONDS_PER_MILLISECOND);
    }

    /// Writes logs into one file of HdrHistogram's log format, version 1.3, which its tools read. Values are
    /// nanoseconds.
    ///
    /// @throws PerfException if the file cannot be written
    public static void write(List<LatencyLog> logs, Path file) {
        try (PrintStream out = new PrintStream(Files.newOutputStream(file), false, StandardCharsets.US_ASCII)) {
            HistogramLogWriter writer = new HistogramLogWriter(out);
            writer.outputLogFormatVersion();
            writer.outputComment("[Latencies in nanoseconds; maxima are in milliseconds]");
            writer.outputLegend();
            for (LatencyLog log : logs) {
                log.histograms.forEach(writer::outputIntervalHistogram);
            }
            if (out.checkError()) {
                throw new PerfException(file + ": cannot be written");
            }
        } catch (IOException e) {
            throw new PerfException(file + ": cannot be written: " + e, e);
        }
    }
}
