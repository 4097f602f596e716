package dev.assay.perf.run;

import dev.assay.report.BenchRow;
import org.jspecify.annotations.Nullable;

/// What a measurement gives.
///
/// @param log every latency behind the row's percentiles; null where the row has no figures
public record Measured(BenchRow row, @Nullable LatencyLog log) {}
