package dev.assay.report;

import java.util.List;

/// A run of Assay: the root of `report.json`.
///
/// @param format always [#FORMAT]
/// @param suiteVersion version of Assay
/// @param goldensSha256 digest over the golden cases used, in hexadecimal
/// @param command the command line that made the report
/// @param startedAt start of the run, ISO 8601 in UTC
/// @param milliseconds time the run took
public record Report(
        String format,
        String suiteVersion,
        String goldensSha256,
        String command,
        String startedAt,
        double milliseconds,
        Verdict verdict,
        Environment environment,
        List<EngineSummary> engines,
        List<CheckResult> results) {
    public static final String FORMAT = "assay-report/1";

    public Report {
        engines = List.copyOf(engines);
        results = List.copyOf(results);
    }
}
