package dev.assay.cli;

import dev.assay.config.Architecture;
import dev.assay.engine.Availability;
import dev.assay.engine.Engine;
import dev.assay.golden.GoldenCase;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.catalogue.Mutant;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.mutants.matrix.Cell;
import dev.assay.mutants.matrix.KillMatrix;
import dev.assay.mutants.matrix.MatrixReport;
import dev.assay.mutants.matrix.Row;
import dev.assay.plan.PlanEngine;
import dev.assay.report.ConsoleTable;
import dev.assay.report.ConsoleTable.Align;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `assay mutants`: how many known bugs the suite catches.
@Command(
        name = "mutants",
        description = "Plants known bugs of real engines and says which of them the golden cases catch.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "A bug is caught if a case is off by 10 budgets or more, and localised if every",
            "case that catches it names the layer. Exits with 0 if all are caught but those",
            "that are known to need a case there is not, 1 if another survives.",
            "",
            "Examples:",
            "  ./assay mutants",
            "  ./assay mutants --mutant D13 --architecture deepseek-v3",
            "  ./assay mutants --json"
        })
final class MutantsCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Option(
            names = {"-m", "--mutant"},
            paramLabel = "ID",
            description = "Only this mutant; may be repeated. Default: all.")
    private List<String> mutants = new ArrayList<>();

    @Mixin
    private CaseOptions cases = new CaseOptions();

    @ArgGroup
    private @Nullable Form form;

    /// In which form the matrix is printed.
    private static final class Form {
        @Option(names = "--json", description = "As JSON: all of it.")
        private boolean json;

        @Option(names = "--markdown", description = "As the table of the README: a score for each architecture.")
        private boolean markdown;
    }

    MutantsCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws InterruptedException {
        List<String> ids = Catalogue.mutants().stream().map(Mutant::id).toList();
        List<String> named =
                mutants.stream().map(name -> Names.require("mutant", name, ids)).toList();
        List<Mutant> chosen = Catalogue.mutants().stream()
                .filter(mutant -> named.isEmpty() || named.contains(mutant.id()))
                .toList();
        List<SelectedCase> selected = cases.selected(surroundings.goldens());
        PlanEngine soil = soil();
        long start = System.nanoTime();
        List<Row> rows = run(chosen, soil, selected);
        MatrixReport report = MatrixReport.of(
                soil.info().id(),
                rows,
                Catalogue.equivalents(),
                Catalogue.notPlanted(),
                (System.nanoTime() - start) / 1e6);
        surroundings.out().print(printed(report));
        return report.mutants().stream().allMatch(entry -> entry.killed() || entry.needs() != null) ? 0 : 1;
    }

    /// As a text for people if no form is named.
    private String printed(MatrixReport report) {
        if (form != null && form.json) {
            return toJson(report);
        }
        return form != null && form.markdown ? toMarkdown(report) : toText(report);
    }

    /// The first engine of the installation that runs any plan, and runs here; the plan interpreter where there is
    /// none.
    private PlanEngine soil() {
        for (Engine engine : surroundings.engines().get().byId().values()) {
            if (engine instanceof PlanEngine runs && runs.availability() instanceof Availability.Available) {
                return runs;
            }
        }
        return new PlanInterpreter();
    }

    /// Case by case, so that each is read once, and as many at a time as there are processors.
    private List<Row> run(List<Mutant> chosen, PlanEngine soil, List<SelectedCase> selected)
            throws InterruptedException {
        Map<String, List<Cell>> cells = new LinkedHashMap<>();
        chosen.forEach(mutant -> cells.put(mutant.id(), new ArrayList<>()));
        AtomicLong done = new AtomicLong();
        try (Progress progress = Progress.of(surroundings, "mutants", selected.size());
                ExecutorService pool =
                        Executors.newFixedThreadPool(Runtime.getRuntime().availableProcessors())) {
            List<Future<Map<String, Cell>>> running = new ArrayList<>();
            for (SelectedCase one : selected) {
                running.add(pool.submit(() -> {
                    progress.now(one.name());
                    Map<String, Cell> found = run(chosen, soil, one.reader().get());
                    progress.done(done.incrementAndGet());
                    return found;
                }));
            }
            for (Future<Map<String, Cell>> one : running) {
                one.get()
                        .forEach((id, cell) ->
                                cells.getOrDefault(id, new ArrayList<>()).add(cell));
            }
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : new IllegalStateException(e.getCause());
        }
        return chosen.stream()
                .map(mutant -> new Row(mutant, cells.getOrDefault(mutant.id(), List.of())))
                .toList();
    }

    private static Map<String, Cell> run(List<Mutant> chosen, PlanEngine soil, GoldenCase golden) {
        Map<String, Cell> cells = new LinkedHashMap<>();
        for (Mutant mutant : chosen) {
            KillMatrix.run(mutant, soil, golden).ifPresent(cell -> cells.put(mutant.id(), cell));
        }
        return cells;
    }

    private static String toJson(MatrixReport report) {
        return JsonMapper.builder()
                        .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                        .enable(SerializationFeature.INDENT_OUTPUT)
                        .build()
                        .writeValueAsString(report)
                + "\n";
    }

    private static String toMarkdown(MatrixReport report) {
        StringBuilder table = new StringBuilder("""
                | | bugs that can act | caught by its own cases |
                |---|---:|---:|
                """);
        report.architectures()
                .forEach(score -> table.append(
                        "| %s | %d | %d |\n".formatted(title(score.architecture()), score.total(), score.killed())));
        return table.append("| All | %d | %d |\n".formatted(report.total(), report.killed()))
                .toString();
    }

    private static String title(String id) {
        return Arrays.stream(Architecture.values())
                .filter(architecture -> architecture.id().equals(id))
                .findFirst()
                .orElseThrow()
                .title();
    }

    private static String toText(MatrixReport report) {
        ConsoleTable scores = new ConsoleTable()
                .column("ARCHITECTURE", Align.LEFT)
                .column("KILLED", Align.RIGHT)
                .column("OF", Align.RIGHT)
                .column("LOCALISED", Align.RIGHT)
                .column("SURVIVORS", Align.LEFT);
        report.architectures()
                .forEach(score -> scores.row(
                        score.architecture(),
                        "" + score.killed(),
                        "" + score.total(),
                        "" + score.localised(),
                        String.join(" ", score.survivors())));
        StringBuilder text = new StringBuilder(scores.render()).append('\n');
        report.mutants().stream().filter(entry -> !entry.killed()).forEach(entry -> text.append(survivor(entry)));
        report.mutants().stream()
                .filter(entry -> entry.killed() && !entry.localised())
                .forEach(entry -> text.append(misplaced(entry)));
        return text.append(String.format(
                        Locale.ROOT,
                        "killed %d of %d mutants at %.0f budgets or more; %d localised in every case that kills"
                                + " them; layer named in %d of %d kills, tap in %d%n"
                                + "%d equivalent changes and %d bugs without a place here are listed by --json%n"
                                + "%s, %.0f s%n",
                        report.killed(),
                        report.total(),
                        report.margin(),
                        report.localised(),
                        report.killsLocalised(),
                        report.kills(),
                        report.killsTapNamed(),
                        report.equivalent(),
                        report.notPlanted().size(),
                        "planted in " + report.soil(),
                        report.milliseconds() / 1000))
                .toString();
    }

    private static String survivor(MatrixReport.Entry entry) {
        return entry.caseId() == null
                ? String.format(Locale.ROOT, "%-5s survives: it can act in no case: %s%n", entry.id(), entry.title())
                : String.format(
                        Locale.ROOT,
                        "%-5s survives: nearest %s, %s at %.3g budgets: %s%s%n",
                        entry.id(),
                        entry.caseId(),
                        entry.check(),
                        entry.worstBudgetUse(),
                        entry.title(),
                        entry.needs() == null ? "" : "; to catch it takes " + entry.needs());
    }

    private static String misplaced(MatrixReport.Entry entry) {
        StringBuilder text = new StringBuilder();
        entry.cells().stream()
                .filter(cell -> cell.killed() && !cell.localised())
                .forEach(cell -> text.append(String.format(
                        Locale.ROOT,
                        "%-5s in %s, %s: expected %s, found %s%n",
                        entry.id(),
                        cell.caseId(),
                        cell.check(),
                        cell.expected(),
                        cell.firstDivergence() == null
                                ? cell.outcome()
                                : cell.firstDivergence().tap())));
        return text.toString();
    }
}
