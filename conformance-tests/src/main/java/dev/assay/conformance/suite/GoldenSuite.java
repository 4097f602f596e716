package dev.assay.conformance.suite;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.conformance.compare.Judge;
import dev.assay.conformance.compare.Judgement;
import dev.assay.conformance.compare.ShapeMismatchException;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.golden.GoldenCase;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Count;
import dev.assay.report.Divergence;
import dev.assay.report.ExpertLoad;
import dev.assay.report.Outcome;
import dev.assay.report.TapUse;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs every check on an engine and a golden case.
public final class GoldenSuite {
    private final Engine engine;
    private final GoldenCase golden;
    private final Consumer<CheckResult> listener;
    private final List<CheckResult> results = new ArrayList<>();

    private GoldenSuite(Engine engine, GoldenCase golden, Consumer<CheckResult> listener) {
        this.engine = engine;
        this.golden = golden;
        this.listener = listener;
    }

    /// Ids of all checks, in the order in which they are run.
    public static List<String> checkIds() {
        return Check.all().stream().map(Check::id).toList();
    }

    /// Runs every check that applies to the case. What the engine throws becomes an outcome; what the harness
    /// does wrong is thrown.
    ///
    /// @param listener receives each result as soon as it is known
    /// @return one result per check that applies
    public static List<CheckResult> run(
            Engine engine, GoldenCase golden, LoadOptions options, Consumer<CheckResult> listener) {
        GoldenSuite suite = new GoldenSuite(engine, golden, listener);
        switch (engine.supports(golden.config())) {
            case Support.Unsupported(String reason) -> suite.all(Outcome.UNSUPPORTED, reason);
            case Support.Supported(Set<Capability> capabilities) -> suite.load(capabilities, options);
        }
        return List.copyOf(suite.results);
    }

    private void load(Set<Capability> capabilities, LoadOptions options) {
        if (engine.info().compute() != ComputeType.FLOAT32) {
            // A bf16 engine would need the oracle's own bf16 error as its yardstick.
            all(
                    Outcome.NOT_RUN,
                    "the case has no yardstick for an engine that computes in "
                            + engine.info().compute());
            return;
        }
        Checkpoint checkpoint;
        try {
            checkpoint = golden.weights().open();
        } catch (CheckpointException e) {
            // Weights that do not fit their configuration are the wrong model, whatever the engine would make of it.
            all(Outcome.ERROR, "checkpoint: " + e.getMessage());
            return;
        }
        try (checkpoint) {
            Model model;
            try {
                model = engine.load(checkpoint, options);
            } catch (UnsupportedModelException e) {
                all(Outcome.CAPABILITY_LIE, "declared supported, refused to load: " + e.getMessage());
                return;
            } catch (RuntimeException | LinkageError | StackOverflowError e) {
                all(Outcome.ERROR, "loading: " + describe(e));
                return;
            }
            try (model) {
                CaseUnderTest subject =
                        new CaseUnderTest(model, golden, Judge.of(golden), capabilities, checkpoint.tensors());
                for (Check check : applicable()) {
                    run(check, subject);
                }
            }
        }
    }

    private List<Check> applicable() {
        return Check.all().stream().filter(check -> check.appliesTo(golden)).toList();
    }

    private void all(Outcome outcome, String message) {
        for (Check check : applicable()) {
            end(check, outcome, message, 0);
        }
    }

    private void run(Check check, CaseUnderTest subject) {
        Set<Capability> missing = EnumSet.copyOf(check.needs());
        missing.removeAll(subject.capabilities());
        if (!missing.isEmpty()) {
            end(check, Outcome.UNSUPPORTED, "the engine does not declare " + missing, 0);
            return;
        }
        long start = System.nanoTime();
        try {
            Finding finding = check.run(subject);
            double milliseconds = millisecondsSince(start);
            switch (finding) {
                case Finding.Judged(Judgement judgement, String note) ->
                    add(
                            check,
                            judgement.passes() ? Outcome.PASS : Outcome.FAIL,
                            judgement.elements(),
                            judgement.worst(),
                            judgement.firstDivergence().orElse(null),
                            judgement.taps(),
                            note.isEmpty() ? null : note,
                            List.of(),
                            List.of(),
                            milliseconds);
                case Finding.Equal(long elements, List<Count> counts, List<ExpertLoad> routing) ->
                    add(check, Outcome.PASS, elements, null, null, List.of(), null, counts, routing, milliseconds);
                case Finding.Violated(long elements, String message, List<Count> counts) ->
                    add(check, Outcome.FAIL, elements, null, null, List.of(), message, counts, List.of(), milliseconds);
            }
        } catch (ShapeMismatchException e) {
            end(check, Outcome.FAIL, String.valueOf(e.getMessage()), millisecondsSince(start));
        } catch (UnsupportedOperationException | UnsupportedModelException e) {
            end(check, Outcome.CAPABILITY_LIE, "declared, not able: " + describe(e), millisecondsSince(start));
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            end(check, Outcome.ERROR, describe(e), millisecondsSince(start));
        }
    }

    private static double millisecondsSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }

    private static String describe(Throwable e) {
        return e.getMessage() == null ? e.getClass().getName() : e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    /// A check that found nothing out.
    private void end(Check check, Outcome outcome, String message, double milliseconds) {
        add(check, outcome, 0, null, null, List.of(), message, List.of(), List.of(), milliseconds);
    }

    private void add(
            Check check,
            Outcome outcome,
            long elements,
            @Nullable BudgetUse worst,
            @Nullable Divergence firstDivergence,
            List<TapUse> taps,
            @Nullable String message,
            List<Count> counts,
            List<ExpertLoad> routing,
            double milliseconds) {
        CheckResult result = new CheckResult(
                engine.info().id(),
                golden.config().architecture().id(),
                golden.id(),
                check.id(),
                outcome,
                elements,
                worst,
                firstDivergence,
                taps,
                message,
                counts,
                routing,
                milliseconds,
                "./assay verify --engine " + engine.info().id() + " --case " + golden.source());
        results.add(result);
        listener.accept(result);
    }
}
