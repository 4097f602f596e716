package dev.assay.report.certificate;

import dev.assay.report.CheckResult;
import dev.assay.report.EngineEvidence;
import dev.assay.report.EngineSummary;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.Verdict;
import dev.assay.report.Verdicts;
import dev.assay.report.certificate.Statement.KillScore;
import dev.assay.report.certificate.Statement.Resource;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// From a report to a statement.
public final class Statements {
    private Statements() {}

    /// What a whole run of one engine says.
    ///
    /// @param artefact of the engine
    /// @param goldens digests of the golden cases that were used, by their ids
    /// @param profile how much of the suite was run
    /// @throws IllegalArgumentException if the report is one of a fault, of a shard, or of several engines: they
    /// say
    ///     nothing, or not all, or of somebody else
    public static Statement of(
            Report report,
            Resource artefact,
            Map<String, String> goldens,
            String profile,
            @Nullable KillScore killScore) {
        if (report.verdict() == Verdict.FAULT
                || report.shard() != null
                || report.evidence().size() != 1) {
            throw new IllegalArgumentException("expected a whole run of one engine without faults, found verdict "
                    + report.verdict() + ", shard " + report.shard() + ", engines " + report.evidence());
        }
        EngineEvidence evidence = report.evidence().getFirst();
        EngineSummary engine = report.engines().stream()
                .filter(summary -> summary.id().equals(evidence.engine()))
                .findFirst()
                .orElseThrow();
        List<Resource> configuration = new TreeMap<>(goldens)
                .entrySet().stream()
                        .map(golden -> new Resource("golden:" + golden.getKey(), Map.of("sha256", golden.getValue())))
                        .toList();
        List<CheckResult> results = report.results();
        return new Statement(
                Statement.TYPE,
                List.of(artefact),
                Statement.PREDICATE_TYPE,
                new Statement.Predicate(
                        result(report.verdict()),
                        configuration,
                        names(results.stream()
                                .filter(result -> result.outcome() == Outcome.PASS)
                                .toList()),
                        names(results.stream()
                                .filter(result ->
                                        result.outcome() != Outcome.PASS && !Verdicts.isFailure(result.outcome()))
                                .toList()),
                        names(results.stream()
                                .filter(result -> Verdicts.isFailure(result.outcome()))
                                .toList()),
                        new Statement.Assay(
                                report.suiteVersion(),
                                engine.id(),
                                engine.version(),
                                profile,
                                report.verdict(),
                                evidence.level(),
                                killScore,
                                report.command(),
                                report.startedAt(),
                                report.environment())));
    }

    private static List<String> names(List<CheckResult> results) {
        return results.stream()
                .map(result -> result.caseId() + "/" + result.check())
                .toList();
    }

    private static String result(Verdict verdict) {
        return switch (verdict) {
            case CONFORMANT -> "PASSED";
            case CONSISTENT, INCONCLUSIVE -> "WARNED";
            case NON_CONFORMANT, REGRESSION, FAULT -> "FAILED";
        };
    }
}
