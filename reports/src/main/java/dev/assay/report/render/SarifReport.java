package dev.assay.report.render;

import dev.assay.report.BenchRow;
import dev.assay.report.CheckResult;
import dev.assay.report.Comparison;
import dev.assay.report.Divergence;
import dev.assay.report.History;
import dev.assay.report.Report;
import dev.assay.report.SpeedComparison;
import dev.assay.report.Verdict;
import dev.assay.report.Verdicts;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// A report's failures in the Static Analysis Results Interchange Format 2.1.0, which code scanning reads.
///
/// A rule is a check, a result is a check that failed; measurements with a wrong result have the rule `bench`, speeds
/// that fell the rule `speed`. Faults are
/// notifications of the tool, since they say nothing about an engine. No source line is known to be wrong, so every
/// result points to `report.json` and names engine, architecture, case and tap as logical locations.
public final class SarifReport {
    private static final JsonMapper MAPPER = JsonMapper.builder().build();
    private static final String BENCH = "bench";
    private static final String SPEED = "speed";

    private SarifReport() {}

    /// The JSON text of a report's failures.
    public static String render(Report report) {
        ObjectNode log = MAPPER.createObjectNode();
        log.put("$schema", "https://json.schemastore.org/sarif-2.1.0.json");
        log.put("version", "2.1.0");
        ObjectNode run = log.putArray("runs").addObject();
        ObjectNode driver = run.putObject("tool").putObject("driver");
        driver.put("name", "Assay");
        driver.put("version", report.suiteVersion());
        rules(report, driver.putArray("rules"));
        invocation(report, run.putArray("invocations").addObject());
        ArrayNode results = run.putArray("results");
        for (CheckResult result : report.results()) {
            if (Verdicts.isFailure(result.outcome())) {
                failure(result, results.addObject());
            }
        }
        for (BenchRow row : report.bench()) {
            if (Verdicts.isFailure(row.checked().outcome())) {
                failure(row, results.addObject());
            }
        }
        SpeedComparison comparison = report.comparison();
        if (comparison != null) {
            slower(comparison, report.command(), results);
        }
        run.put("columnKind", "utf16CodeUnits");
        return MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(log) + "\n";
    }

    private static void rules(Report report, ArrayNode rules) {
        Stream.of(
                        report.results().stream().map(CheckResult::check),
                        report.bench().stream().map(_ -> BENCH),
                        Stream.ofNullable(report.comparison()).map(_ -> SPEED))
                .flatMap(ids -> ids)
                .distinct()
                .forEach(id -> rules.addObject()
                        .put("id", id)
                        .putObject("shortDescription")
                        .put("text", description(id)));
    }

    private static String description(String rule) {
        return switch (rule) {
            case BENCH -> "The result of a measured run must be right";
            case SPEED -> "Nothing may become slower than its baseline unless an annotation says why";
            default -> "Conformance check " + rule;
        };
    }

    private static void slower(SpeedComparison comparison, String command, ArrayNode results) {
        for (Comparison metric : comparison.metrics()) {
            if (metric.regressed()) {
                failure(
                        SPEED,
                        metric.metric() + " became slower: " + metric.ratio() + " of the speed of "
                                + comparison.baseline(),
                        command,
                        Map.of("metric", metric.metric()),
                        results.addObject());
            }
        }
        for (History history : comparison.histories()) {
            for (History.Shift shift : history.alarms()) {
                Map<String, String> location = new LinkedHashMap<>();
                location.put("metric", history.metric());
                location.put("commit", shift.commit());
                failure(
                        SPEED,
                        history.metric() + " has been slower since " + shift.commit() + ": "
                                + Figures.number(100 * shift.ratio()) + " % of its speed before",
                        command,
                        location,
                        results.addObject());
            }
        }
    }

    private static void invocation(Report report, ObjectNode invocation) {
        invocation.put("commandLine", report.command());
        invocation.put("startTimeUtc", report.startedAt());
        invocation.put("executionSuccessful", report.verdict() != Verdict.FAULT);
        invocation.put("exitCode", report.verdict().exitCode());
        ArrayNode notifications = invocation.putArray("toolExecutionNotifications");
        report.faults()
                .forEach(fault -> notifications
                        .addObject()
                        .put("level", "error")
                        .putObject("message")
                        .put("text", fault.subject() + ": " + fault.message() + "\nreproduce: " + fault.reproduce()));
    }

    private static void failure(CheckResult result, ObjectNode node) {
        Divergence first = result.firstDivergence();
        StringBuilder text = new StringBuilder();
        text.append(result.engine())
                .append(" on ")
                .append(result.caseId())
                .append(": ")
                .append(result.outcome());
        if (result.message() != null) {
            text.append(", ").append(result.message());
        }
        if (first != null) {
            text.append("; first divergence: ").append(Figures.describe(first));
        }
        Map<String, String> location = new LinkedHashMap<>();
        location.put("engine", result.engine());
        location.put("architecture", result.architecture());
        location.put("case", result.caseId());
        if (first != null) {
            location.put("tap", first.tap());
        }
        failure(result.check(), text.toString(), result.reproduce(), location, node);
    }

    private static void failure(BenchRow row, ObjectNode node) {
        Map<String, String> location = new LinkedHashMap<>();
        location.put("engine", row.engine());
        location.put("architecture", row.shape().architecture());
        location.put("model", Figures.model(row));
        failure(
                BENCH,
                row.engine() + " on " + Figures.model(row) + ": "
                        + row.checked().outcome() + ", " + row.checked().message(),
                row.reproduce(),
                location,
                node);
    }

    private static void failure(
            String rule, String text, String reproduce, Map<String, String> location, ObjectNode node) {
        node.put("ruleId", rule);
        node.put("level", "error");
        node.putObject("message").put("text", text + "\nreproduce: " + reproduce);
        ObjectNode place = node.putArray("locations").addObject();
        place.putObject("physicalLocation").putObject("artifactLocation").put("uri", "report.json");
        ArrayNode logical = place.putArray("logicalLocations");
        location.forEach((kind, name) -> logical.addObject().put("kind", kind).put("name", name));
        // The same failure in the next run is the same alert, wherever its numbers went.
        List<String> identity = location.entrySet().stream()
                .filter(part -> !part.getKey().equals("tap"))
                .map(Map.Entry::getValue)
                .toList();
        node.putObject("partialFingerprints").put("check/v1", rule + "/" + String.join("/", identity));
    }
}
