package dev.assay.report.render;

import dev.assay.report.BenchRow;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Count;
import dev.assay.report.Count.Quantity;
import dev.assay.report.Divergence;
import dev.assay.report.EngineSummary;
import dev.assay.report.Environment;
import dev.assay.report.ExpertLoad;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.Verdicts;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/// A report as one page that needs nothing else: no network, no other file. It can be read without its script, which
/// filters and copies; it follows the reader's choice of dark or light, fits a phone and prints.
public final class HtmlReport {
    static final String STYLE = resource("page.css");
    static final String SCRIPT = resource("page.js");

    /// The browser itself refuses everything else, should a text ever escape from its escaping.
    static final String CONTENT_POLICY = policyOf(STYLE) + "; script-src '" + sha256(SCRIPT) + "'";

    private final Report report;
    private final List<String> engines;

    private HtmlReport(Report report) {
        this.report = report;
        this.engines = List.copyOf(
                new TreeSet<>(report.results().stream().map(CheckResult::engine).toList()));
    }

    /// The page of a report.
    public static String render(Report report) {
        return PageRenderer.of().execute(new HtmlReport(report).page());
    }

    /// The policy of a page with this style, and nothing else that is not written in it.
    static String policyOf(String style) {
        return "default-src 'none'; base-uri 'none'; form-action 'none'; style-src '" + sha256(style) + "'";
    }

    private Page page() {
        boolean checks = !report.results().isEmpty();
        return new Page(
                CONTENT_POLICY,
                STYLE,
                SCRIPT,
                Figures.title(report),
                Figures.tone(report.verdict()),
                Figures.basis(report).replace('_', ' ') + (report.shard() == null ? "" : "; shard " + report.shard()),
                report.command(),
                tiles(),
                report.faults().stream()
                        .map(fault ->
                                new Page.Failure("FAULT", fault.subject(), fault.message(), "", fault.reproduce()))
                        .toList(),
                failures(),
                checks ? matrix() : null,
                checks ? budgets() : null,
                Curves.of(report.results(), engines),
                report.comparison() == null ? null : ComparisonView.of(report.comparison()),
                report.bench().isEmpty() ? null : BenchCharts.of(report.bench()),
                counts(),
                routing(),
                checks ? checks() : null,
                report.engines().stream().map(this::card).toList(),
                environment());
    }

    private List<Page.Fact> tiles() {
        List<Page.Fact> tiles = new ArrayList<>();
        if (!report.results().isEmpty()) {
            tiles.add(new Page.Fact("checks", Figures.count(report.results().size())));
            tiles.add(new Page.Fact("engines", Figures.count(engines.size())));
            tiles.add(new Page.Fact("cases", count(report.results().stream().map(CheckResult::caseId))));
            tiles.add(new Page.Fact(
                    "numbers compared",
                    Figures.scaled(
                                    (double) report.results().stream()
                                            .mapToLong(CheckResult::elements)
                                            .sum(),
                                    "")
                            .strip()));
        }
        if (!report.bench().isEmpty()) {
            tiles.add(new Page.Fact("measurements", Figures.count(report.bench().size())));
            tiles.add(new Page.Fact("models", count(report.bench().stream().map(BenchRow::model))));
        }
        tiles.add(new Page.Fact("time taken", Figures.milliseconds(report.milliseconds())));
        return tiles;
    }

    private static String count(java.util.stream.Stream<String> names) {
        return Figures.count(names.distinct().count());
    }

    private Page.@Nullable Failures failures() {
        List<Page.Failure> failures = new ArrayList<>();
        for (CheckResult result : report.results()) {
            if (Verdicts.isFailure(result.outcome())) {
                Divergence first = result.firstDivergence();
                failures.add(new Page.Failure(
                        words(result.outcome()),
                        result.engine() + " on " + result.caseId() + ", " + result.check(),
                        Objects.requireNonNullElse(result.message(), ""),
                        first == null ? "" : "First divergence: " + Figures.describe(first),
                        result.reproduce()));
            }
        }
        for (BenchRow row : report.bench()) {
            if (Verdicts.isFailure(row.checked().outcome())) {
                failures.add(new Page.Failure(
                        words(row.checked().outcome()),
                        row.engine() + " on " + Figures.model(row),
                        Objects.requireNonNullElse(row.checked().message(), ""),
                        "",
                        row.reproduce()));
            }
        }
        return failures.isEmpty() ? null : new Page.Failures(Figures.plural(failures.size(), "failure"), failures);
    }

    private Page.MatrixTable matrix() {
        Matrix matrix = Matrix.of(report.results());
        List<Page.MatrixRow> rows = new ArrayList<>();
        for (Matrix.Row row : matrix.rows()) {
            rows.add(new Page.MatrixRow(row.architecture(), anchor(rows.size()), row.cells()));
        }
        return new Page.MatrixTable(matrix.engines(), rows);
    }

    /// Names of architectures may hold anything; numbers in their order do not.
    private static String anchor(int architecture) {
        return "architecture-" + architecture;
    }

    private Page.@Nullable BudgetTable budgets() {
        Map<String, Map<String, CheckResult>> worst = new LinkedHashMap<>(); // by check and engine
        for (CheckResult result : report.results()) {
            if (result.worst() != null) {
                worst.computeIfAbsent(result.check(), _ -> new TreeMap<>())
                        .merge(result.engine(), result, (one, other) -> used(other) > used(one) ? other : one);
            }
        }
        List<Page.BudgetRow> rows = new ArrayList<>();
        worst.forEach((check, ofEngines) -> rows.add(new Page.BudgetRow(
                check,
                engines.stream()
                        .map(engine -> {
                            CheckResult result = ofEngines.get(engine);
                            return result == null ? use(null, "") : use(result.worst(), result.caseId() + ", ");
                        })
                        .toList())));
        return rows.isEmpty() ? null : new Page.BudgetTable(engines, rows);
    }

    /// NaN is worse than anything.
    private static double used(CheckResult result) {
        BudgetUse worst = result.worst();
        return worst == null ? -1 : Double.isNaN(worst.used()) ? Double.POSITIVE_INFINITY : worst.used();
    }

    private static Page.UseCell use(@Nullable BudgetUse use, String where) {
        if (use == null) {
            return new Page.UseCell(Tone.QUIET, "", "0%", "");
        }
        return new Page.UseCell(
                use.used() <= 1 ? Tone.GOOD : Tone.BAD,
                Figures.percent(use.used()),
                Drawing.width(use.used() <= 1 ? use.used() : 1),
                where + use.tap() + " @ " + use.prompt());
    }

    private Page.@Nullable CountTable counts() {
        Map<List<String>, List<Count>> counts = new LinkedHashMap<>(); // by engine and case
        for (CheckResult result : report.results()) {
            if (!result.counts().isEmpty()) {
                counts.computeIfAbsent(List.of(result.engine(), result.caseId()), _ -> new ArrayList<>())
                        .addAll(result.counts());
            }
        }
        List<Page.CountRow> rows = new ArrayList<>();
        counts.forEach((of, all) -> rows.add(new Page.CountRow(
                of.getFirst(),
                of.getLast(),
                counted(all, Quantity.KV_CACHE_BYTES),
                counted(all, Quantity.EXPERTS_PER_TOKEN),
                counted(all, Quantity.ACTIVE_PARAMETERS))));
        return rows.isEmpty() ? null : new Page.CountTable(rows);
    }

    private static List<Page.Counted> counted(List<Count> counts, Quantity quantity) {
        return counts.stream()
                .filter(count -> count.quantity() == quantity)
                .map(count -> new Page.Counted(
                        count.agrees() ? Tone.GOOD : Tone.BAD,
                        count.agrees()
                                ? Figures.count(count.counted())
                                : Figures.count(count.counted()) + " counted, " + Figures.count(count.formula())
                                        + " by formula",
                        quantity == Quantity.KV_CACHE_BYTES ? Figures.count(count.tokens()) : ""))
                .toList();
    }

    /// Routers are deterministic, so that engines mostly agree: those that do share a row.
    private Page.@Nullable Routing routing() {
        Map<String, Map<RoutingKey, Set<String>>> groups = new TreeMap<>();
        for (CheckResult result : report.results()) {
            for (ExpertLoad load : result.routing()) {
                groups.computeIfAbsent(result.architecture(), _ -> new LinkedHashMap<>())
                        .computeIfAbsent(new RoutingKey(result.caseId(), load), _ -> new LinkedHashSet<>())
                        .add(result.engine());
            }
        }
        List<Page.RoutingGroup> all = new ArrayList<>();
        groups.forEach((architecture, rows) -> all.add(new Page.RoutingGroup(
                architecture,
                rows.entrySet().stream()
                        .map(row -> routing(row.getKey(), row.getValue()))
                        .toList())));
        return all.isEmpty() ? null : new Page.Routing(all);
    }

    private record RoutingKey(String caseId, ExpertLoad load) {}

    private static Page.RoutingRow routing(RoutingKey key, Set<String> engines) {
        List<Integer> tokens = key.load().tokens();
        int most = Math.max(1, tokens.stream().mapToInt(Integer::intValue).max().orElse(1));
        double width = 100.0 / Math.max(1, tokens.size());
        List<Page.Load> loads = new ArrayList<>();
        for (int expert = 0; expert < tokens.size(); expert++) {
            double height = 100.0 * tokens.get(expert) / most;
            loads.add(new Page.Load(
                    Drawing.number(expert * width) + "%",
                    Drawing.number(0.8 * width) + "%",
                    Drawing.number(100 - height) + "%",
                    Drawing.number(height) + "%"));
        }
        return new Page.RoutingRow(
                key.caseId(),
                key.load().prompt(),
                key.load().layer(),
                String.join(", ", engines),
                Figures.percent(key.load().evenness()),
                loads);
    }

    private Page.Checks checks() {
        Map<String, List<CheckResult>> groups = report.results().stream()
                .collect(Collectors.groupingBy(CheckResult::architecture, TreeMap::new, Collectors.toList()));
        List<Page.CheckGroup> all = new ArrayList<>();
        groups.forEach((architecture, results) -> {
            Map<Outcome, Long> outcomes = results.stream()
                    .collect(Collectors.groupingBy(CheckResult::outcome, TreeMap::new, Collectors.counting()));
            StringJoiner summary = new StringJoiner(", ");
            outcomes.forEach((outcome, number) -> summary.add(Figures.count(number) + " " + words(outcome)));
            all.add(new Page.CheckGroup(
                    anchor(all.size()),
                    architecture,
                    summary.toString(),
                    results.stream().map(HtmlReport::row).toList()));
        });
        List<String> outcomes = report.results().stream()
                .map(CheckResult::outcome)
                .distinct()
                .sorted()
                .map(HtmlReport::words)
                .toList();
        return new Page.Checks(Figures.plural(report.results().size(), "check"), outcomes, all);
    }

    private static Page.CheckRow row(CheckResult result) {
        return new Page.CheckRow(
                result.engine(),
                result.caseId(),
                result.check(),
                Figures.tone(result.outcome()),
                words(result.outcome()),
                Figures.count(result.elements()),
                use(result.worst(), ""),
                Objects.requireNonNullElse(result.message(), ""),
                Figures.milliseconds(result.milliseconds()));
    }

    private Page.EngineCard card(EngineSummary engine) {
        return new Page.EngineCard(
                engine.title(),
                engine.id(),
                List.of(
                        new Page.Fact("version", engine.version()),
                        new Page.Fact("computes in", engine.compute()),
                        new Page.Fact("evidence", evidence(engine.id())),
                        new Page.Fact("backend", engine.backend()),
                        new Page.Fact("vectors", engine.vectorBits() == 0 ? "none" : engine.vectorBits() + " bits")),
                engine.decisions());
    }

    private String evidence(String engine) {
        if (report.results().isEmpty()) {
            return "logits of the timed runs";
        }
        return report.evidence().stream()
                .filter(evidence -> evidence.engine().equals(engine))
                .map(evidence -> evidence.level().told())
                .findFirst()
                .orElse("none");
    }

    private List<Page.Fact> environment() {
        Environment environment = report.environment();
        return List.of(
                new Page.Fact("processor", environment.cpu() + ", " + environment.processors() + " usable"),
                new Page.Fact("memory", Figures.scaled((double) environment.memoryBytes(), "B")),
                new Page.Fact("system", environment.os() + ", " + environment.architecture()),
                new Page.Fact("Java", environment.javaVersion() + ", " + environment.javaVendor()),
                new Page.Fact("virtual machine", environment.vm()),
                new Page.Fact("largest heap", Figures.scaled((double) environment.maxHeapBytes(), "B")),
                new Page.Fact("flags", environment.jvmFlags().isEmpty() ? "none" : environment.jvmFlags()),
                new Page.Fact("Assay", report.suiteVersion()),
                new Page.Fact("goldens, SHA-256", report.goldensSha256()),
                new Page.Fact("started", report.startedAt()));
    }

    private static String words(Outcome outcome) {
        return outcome.name().replace('_', ' ');
    }

    private static String resource(String name) {
        try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
            return new String(Objects.requireNonNull(in, name).readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// The digest of an inline element as a content policy names it.
    private static String sha256(String text) {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return "sha256-" + Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }
}
