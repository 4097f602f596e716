package dev.assay.mutants.matrix;

import dev.assay.config.Architecture;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.catalogue.Equivalent;
import dev.assay.mutants.catalogue.NotPlanted;
import dev.assay.report.Divergence;
import dev.assay.report.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// The kill matrix and its sums.
///
/// @param format always [#FORMAT]
/// @param soil id of the engine that ran plans, configurations, weights and faults; wrong operations run in the plan
///     interpreter
/// @param margin budgets that a mutant must be off by to count as killed
/// @param killed mutants that at least one case kills
/// @param total mutants that were run; those that can act in none of the cases are among them
/// @param equivalent changes of the catalogue that compute the same, which are no mutants
/// @param localised mutants whose layer every case that kills them names
/// @param tapNamed of these, mutants of which every such case names the very tap
/// @param kills pairs of mutant and case in which the case kills
/// @param killsLocalised of these, pairs in which the layer is named
/// @param killsTapNamed of these, pairs in which the tap is named
/// @param milliseconds time the run took
public record MatrixReport(
        String format,
        String soil,
        double margin,
        int killed,
        int total,
        int equivalent,
        int localised,
        int tapNamed,
        int kills,
        int killsLocalised,
        int killsTapNamed,
        double milliseconds,
        List<Score> architectures,
        List<Entry> mutants,
        List<Equivalent> equivalents,
        List<NotPlanted> notPlanted) {
    public static final String FORMAT = "assay-mutants/1";

    public MatrixReport {
        architectures = List.copyOf(architectures);
        mutants = List.copyOf(mutants);
        equivalents = List.copyOf(equivalents);
        notPlanted = List.copyOf(notPlanted);
    }

    /// Mutants of one architecture.
    ///
    /// @param total those that can act in at least one of its cases
    /// @param survivors ids of those that none of its cases kills
    public record Score(String architecture, int killed, int total, int localised, List<String> survivors) {
        public Score {
            survivors = List.copyOf(survivors);
        }
    }

    /// A mutant and the case that kills it by most.
    ///
    /// @param caseId case, check, outcome, use of the budget and first place over it of the kill by most budgets,
    /// or of
    ///     what came nearest to one; null where the mutant can act in no case
    /// @param expected where or how it had to show in that case
    /// @param localised whether every case that kills it names the layer
    /// @param tapNamed whether every such case names the tap
    /// @param needs what a case would have to have to kill it; null unless it survives and this is known
    /// @param cells one for each case in which it can act
    public record Entry(
            String id,
            String title,
            String kind,
            String evidence,
            boolean killed,
            @Nullable String caseId,
            @Nullable String check,
            @Nullable Outcome outcome,
            @Nullable Double worstBudgetUse,
            @Nullable Divergence firstDivergence,
            @Nullable String expected,
            boolean localised,
            boolean tapNamed,
            @Nullable String needs,
            List<Cell> cells) {
        static Entry of(Row row) {
            Optional<Cell> telling = row.cells().stream()
                    .max(Comparator.comparing(Cell::killed)
                            .thenComparingDouble(cell -> cell.used() == null ? 0 : cell.used()));
            return new Entry(
                    row.mutant().id(),
                    row.mutant().title(),
                    row.mutant().mutation().kind(),
                    row.mutant().evidence(),
                    row.killed(),
                    telling.map(Cell::caseId).orElse(null),
                    telling.map(Cell::check).orElse(null),
                    telling.map(Cell::outcome).orElse(null),
                    telling.map(Cell::used).orElse(null),
                    telling.map(Cell::firstDivergence).orElse(null),
                    telling.map(Cell::expected).orElse(null),
                    row.localised(),
                    row.tapNamed(),
                    row.killed() ? null : Catalogue.needs().get(row.mutant().id()),
                    row.cells());
        }
    }

    /// The sums over rows.
    public static MatrixReport of(
            String soil,
            List<Row> rows,
            List<Equivalent> equivalents,
            List<NotPlanted> notPlanted,
            double milliseconds) {
        List<Cell> kills = rows.stream().flatMap(row -> row.kills().stream()).toList();
        return new MatrixReport(
                FORMAT,
                soil,
                KillMatrix.MARGIN,
                count(rows.stream().filter(Row::killed).count()),
                rows.size(),
                equivalents.size(),
                count(rows.stream().filter(Row::localised).count()),
                count(rows.stream().filter(Row::tapNamed).count()),
                kills.size(),
                count(kills.stream().filter(Cell::localised).count()),
                count(kills.stream().filter(Cell::tapNamed).count()),
                milliseconds,
                scores(rows),
                rows.stream().map(Entry::of).toList(),
                equivalents,
                notPlanted);
    }

    /// The JSON Schema (draft 2020-12) of the report, keys in snake case.
    public static String schema() {
        try (InputStream in = MatrixReport.class.getResourceAsStream("mutants.schema.json")) {
            return new String(Objects.requireNonNull(in, "mutants.schema.json").readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static List<Score> scores(List<Row> rows) {
        List<Score> scores = new ArrayList<>();
        for (Architecture architecture : Architecture.values()) {
            List<Row> own = rows.stream()
                    .map(row -> row.in(architecture.id()))
                    .filter(row -> !row.cells().isEmpty())
                    .toList();
            if (!own.isEmpty()) {
                scores.add(new Score(
                        architecture.id(),
                        count(own.stream().filter(Row::killed).count()),
                        own.size(),
                        count(own.stream().filter(Row::localised).count()),
                        own.stream()
                                .filter(row -> !row.killed())
                                .map(row -> row.mutant().id())
                                .toList()));
            }
        }
        return scores;
    }

    private static int count(long count) {
        return Math.toIntExact(count);
    }
}
