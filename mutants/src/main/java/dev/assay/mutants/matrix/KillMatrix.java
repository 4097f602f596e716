package dev.assay.mutants.matrix;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.mutants.catalogue.Expected;
import dev.assay.mutants.catalogue.Mutant;
import dev.assay.mutants.catalogue.Planted;
import dev.assay.plan.PlanEngine;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Divergence;
import dev.assay.report.Outcome;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/// Runs mutants against the suite.
public final class KillMatrix {
    /// Budgets that a mutant must be off by to count as killed: below, another machine's rounding might hide it.
    public static final double MARGIN = 10;

    private KillMatrix() {}

    /// Runs a mutant in a case until a check kills it; empty where it cannot act.
    ///
    /// @param soil runs what is not planted in operations
    public static Optional<Cell> run(Mutant mutant, PlanEngine soil, GoldenCase golden) {
        return mutant.plant(soil, golden).map(planted -> run(planted, golden));
    }

    private static Cell run(Planted planted, GoldenCase golden) {
        List<CheckResult> results = new ArrayList<>();
        GoldenSuite.run(
                planted.engine(),
                golden,
                LoadOptions.defaults(),
                _ -> results.stream().noneMatch(KillMatrix::kills),
                results::add);
        CheckResult telling =
                results.stream().filter(KillMatrix::kills).findFirst().orElseGet(() -> nearest(results));
        boolean killed = kills(telling);
        Divergence divergence = telling.firstDivergence();
        Expected expected = planted.mutant().expected();
        return new Cell(
                golden.id(),
                golden.config().architecture().id(),
                killed,
                telling.check(),
                telling.outcome(),
                used(telling),
                divergence,
                telling.message(),
                describe(expected, planted),
                killed && localised(expected, planted, telling),
                killed && tapNamed(expected, planted, telling));
    }

    /// Whether a check fails by the margin, or in a way that knows no budget.
    private static boolean kills(CheckResult result) {
        return switch (result.outcome()) {
            case FAIL -> {
                Double used = used(result);
                // NaN uses no known share and never passes.
                yield used == null || used >= MARGIN || Double.isNaN(used);
            }
            case ERROR, CRASH, TIMEOUT, CAPABILITY_LIE -> true;
            case PASS, UNSUPPORTED, WAIVED, STALE_WAIVER, NOT_RUN, INCONCLUSIVE -> false;
        };
    }

    private static @Nullable Double used(CheckResult result) {
        BudgetUse worst = result.worst();
        return worst == null ? null : Double.valueOf(worst.used());
    }

    private static CheckResult nearest(List<CheckResult> results) {
        CheckResult nearest = results.getFirst();
        for (CheckResult result : results) {
            Double used = used(result);
            Double most = used(nearest);
            if (used != null && (most == null || used > most)) {
                nearest = result;
            }
        }
        return nearest;
    }

    private static String describe(Expected expected, Planted planted) {
        return switch (expected) {
            case Expected.First first ->
                first.in(planted.right(), planted.wrong()).toString();
            case Expected.Among among -> among.tap().label() + " of a layer that it acts in";
            case Expected.Violated(var checks) ->
                String.join(" or ", checks.stream().sorted().toList());
            case Expected.Refused _ -> "refused";
        };
    }

    private static boolean localised(Expected expected, Planted planted, CheckResult result) {
        return switch (expected) {
            case Expected.First first -> {
                Divergence divergence = result.firstDivergence();
                yield divergence != null && divergence.layer() == layer(first.in(planted.right(), planted.wrong()));
            }
            case Expected.Among among -> {
                Divergence divergence = result.firstDivergence();
                yield divergence != null && among.has(planted.right(), divergence.layer());
            }
            case Expected.Violated(var checks) -> checks.contains(result.check());
            case Expected.Refused _ -> result.outcome() == Outcome.ERROR;
        };
    }

    private static boolean tapNamed(Expected expected, Planted planted, CheckResult result) {
        return switch (expected) {
            case Expected.First first -> {
                Divergence divergence = result.firstDivergence();
                yield divergence != null
                        && TapPoint.parse(divergence.tap()).equals(first.in(planted.right(), planted.wrong()));
            }
            case Expected.Among among -> {
                Divergence divergence = result.firstDivergence();
                yield divergence != null
                        && TapPoint.parse(divergence.tap()).tap() == among.tap()
                        && among.has(planted.right(), divergence.layer());
            }
            case Expected.Violated _, Expected.Refused _ -> localised(expected, planted, result);
        };
    }

    /// The layer that computes the value of a place, as in [Divergence].
    private static int layer(TapPoint point) {
        return switch (point.tap()) {
            case HIDDEN -> point.layer() - 1;
            case ATTENTION_INPUT, CONTEXT, ATTENTION, FEED_FORWARD_INPUT, ROUTER_LOGITS, FEED_FORWARD, LOGITS ->
                point.layer();
        };
    }
}
