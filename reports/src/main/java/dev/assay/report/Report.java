package dev.assay.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// A run of Assay: the root of `report.json`.
///
/// @param format always [#FORMAT]
/// @param suiteVersion version of Assay
/// @param goldensSha256 digest over the golden cases used, in hexadecimal
/// @param command the command line that made the report
/// @param shard `I/N` where the run is one part of several and says nothing about the others; null for a whole run
/// @param startedAt start of the run, ISO 8601 in UTC
/// @param milliseconds time the run took
/// @param verdict as computed by [Verdicts#of]
/// @param faults what is wrong with the harness or the goldens; there are some exactly where the verdict is
///     [Verdict#FAULT]
/// @param results of a verification; empty in a report of measurements
/// @param bench rows of measurements; empty in a report of a verification
/// @param comparison of speeds with those of a baseline; null where there is none
public record Report(
        String format,
        String suiteVersion,
        String goldensSha256,
        String command,
        @Nullable String shard,
        String startedAt,
        double milliseconds,
        Verdict verdict,
        List<Fault> faults,
        Environment environment,
        List<EngineSummary> engines,
        List<CheckResult> results,
        List<BenchRow> bench,
        @Nullable SpeedComparison comparison) {
    public static final String FORMAT = "assay-report/1";

    public Report {
        if ((verdict == Verdict.FAULT) == faults.isEmpty()) {
            throw new IllegalArgumentException("verdict " + verdict + " with " + faults.size() + " faults");
        }
        faults = List.copyOf(faults);
        engines = List.copyOf(engines);
        results = List.copyOf(results);
        bench = List.copyOf(bench);
    }

    /// A report that compares no speeds.
    public Report(
            String format,
            String suiteVersion,
            String goldensSha256,
            String command,
            @Nullable String shard,
            String startedAt,
            double milliseconds,
            Verdict verdict,
            List<Fault> faults,
            Environment environment,
            List<EngineSummary> engines,
            List<CheckResult> results,
            List<BenchRow> bench) {
        this(
                format,
                suiteVersion,
                goldensSha256,
                command,
                shard,
                startedAt,
                milliseconds,
                verdict,
                faults,
                environment,
                engines,
                results,
                bench,
                null);
    }

    /// How strong the results are as evidence, engine by engine; empty in a report of measurements.
    public List<EngineEvidence> evidence() {
        return Verdicts.evidence(results);
    }
}
