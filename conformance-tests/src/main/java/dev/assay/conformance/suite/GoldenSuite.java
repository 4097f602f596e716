package dev.assay.conformance.suite;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.conformance.compare.Judge;
import dev.assay.conformance.compare.Judgement;
import dev.assay.conformance.compare.ShapeMismatchException;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineCrashedException;
import dev.assay.engine.EngineLostException;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.EngineTimeoutException;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.golden.GoldenCase;
import dev.assay.report.BudgetUse;
import dev.assay.report.CheckResult;
import dev.assay.report.Count;
import dev.assay.report.Divergence;
import dev.assay.report.EvidenceLevel;
import dev.assay.report.ExpertLoad;
import dev.assay.report.Outcome;
import dev.assay.report.TapUse;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// An engine with a golden case loaded, of which rules can be asked one by one. What the engine throws becomes an
/// outcome; what the harness does wrong is thrown.
public final class GoldenSuite implements AutoCloseable {
    private final Engine engine;
    private final GoldenCase golden;
    /// Changes once at most, when the engine is lost.
    private State state;

    private GoldenSuite(Engine engine, GoldenCase golden, State state) {
        this.engine = engine;
        this.golden = golden;
        this.state = state;
    }

    /// What came of loading the model.
    private sealed interface State {
        /// Checks can be run.
        record Ready(Checkpoint checkpoint, CaseUnderTest subject) implements State {}

        /// Every check ends in this way.
        record Refused(Outcome outcome, String message) implements State {}
    }

    /// Every rule of the suite, in the order in which they are run.
    public static List<Rule> rules() {
        return Check.all().stream().map(Check::rule).toList();
    }

    /// Ids of all rules, in the order in which they are run.
    public static List<String> checkIds() {
        return rules().stream().map(Rule::id).toList();
    }

    /// Runs every check that is to be asked of the engine on the case.
    ///
    /// @param listener receives each result as soon as it is known
    /// @return one result per check
    public static List<CheckResult> run(
            Engine engine, GoldenCase golden, LoadOptions options, Consumer<CheckResult> listener) {
        return run(engine, golden, options, _ -> true, listener);
    }

    /// Runs those of the checks whose rules are wanted.
    ///
    /// @param wanted asked for each rule just before it would be run, so that earlier results can decide
    /// @param listener receives each result as soon as it is known
    /// @return one result per check; none if no wanted rule has anything to ask of the engine on the case
    public static List<CheckResult> run(
            Engine engine,
            GoldenCase golden,
            LoadOptions options,
            Predicate<Rule> wanted,
            Consumer<CheckResult> listener) {
        List<CheckResult> results = new ArrayList<>();
        try (GoldenSuite suite = open(engine, golden, options)) {
            for (Rule rule : suite.asked()) {
                if (wanted.test(rule)) {
                    CheckResult result = suite.run(rule);
                    results.add(result);
                    listener.accept(result);
                }
            }
        }
        return List.copyOf(results);
    }

    /// Loads the case into the engine. The caller closes the suite.
    public static GoldenSuite open(Engine engine, GoldenCase golden, LoadOptions options) {
        return new GoldenSuite(engine, golden, load(engine, golden, options));
    }

    private static State load(Engine engine, GoldenCase golden, LoadOptions options) {
        Support support;
        try {
            support = engine.supports(golden.config());
        } catch (EngineLostException e) {
            return lost(e);
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            return new State.Refused(Outcome.ERROR, "asked what it supports: " + describe(e));
        }
        return switch (support) {
            case Support.Unsupported(String reason) -> new State.Refused(Outcome.UNSUPPORTED, reason);
            case Support.Supported(Set<Capability> capabilities) -> load(engine, golden, options, capabilities);
        };
    }

    private static State load(Engine engine, GoldenCase golden, LoadOptions options, Set<Capability> capabilities) {
        if (engine.info().compute() != ComputeType.FLOAT32) {
            // A bf16 engine would need the oracle's own bf16 error as its yardstick.
            return new State.Refused(
                    Outcome.NOT_RUN,
                    "the case has no yardstick for an engine that computes in "
                            + engine.info().compute());
        }
        Checkpoint checkpoint;
        try {
            checkpoint = golden.weights().open();
        } catch (CheckpointException e) {
            // Weights that do not fit their configuration are the wrong model, whatever the engine would make of it.
            return new State.Refused(Outcome.ERROR, "checkpoint: " + e.getMessage());
        }
        Model model;
        try {
            model = engine.load(checkpoint, options);
        } catch (UnsupportedModelException e) {
            checkpoint.close();
            return new State.Refused(Outcome.CAPABILITY_LIE, "declared supported, refused to load: " + e.getMessage());
        } catch (EngineLostException e) {
            checkpoint.close();
            return lost(e);
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            checkpoint.close();
            return new State.Refused(Outcome.ERROR, "loading: " + describe(e));
        }
        return new State.Ready(
                checkpoint, new CaseUnderTest(model, golden, Judge.of(golden), capabilities, checkpoint.tensors()));
    }

    /// The rules that have something to ask of this engine on this case, in the order of the suite.
    public List<Rule> asked() {
        return Check.all().stream()
                .filter(check -> check.appliesTo(golden) && check.isFor(capabilities()))
                .map(Check::rule)
                .toList();
    }

    /// What the engine declares for the case; nothing where it did not get that far.
    private Set<Capability> capabilities() {
        return switch (state) {
            case State.Ready ready -> ready.subject().capabilities();
            case State.Refused _ -> Set.of();
        };
    }

    /// Runs the check of a rule, which must be one of those [#asked].
    public CheckResult run(Rule rule) {
        Check check = Check.all().stream()
                .filter(candidate -> candidate.id().equals(rule.id()))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no rule is named " + rule.id()));
        return switch (state) {
            case State.Refused(Outcome outcome, String message) -> end(check, outcome, message, 0);
            case State.Ready ready -> run(check, ready.subject());
        };
    }

    /// Runs a check on a model that is loaded.
    CheckResult run(Check check, CaseUnderTest subject) {
        Set<Capability> missing = new TreeSet<>(check.needs());
        missing.removeAll(subject.capabilities());
        if (!missing.isEmpty()) {
            return end(check, Outcome.UNSUPPORTED, "the engine does not declare " + missing, 0);
        }
        long start = System.nanoTime();
        try {
            Finding finding = check.run(subject);
            double milliseconds = millisecondsSince(start);
            return switch (finding) {
                case Finding.Judged(Judgement judgement, String note) -> {
                    String message = note.isEmpty() ? null : note;
                    yield judgement.passes()
                            ? pass(
                                    check,
                                    subject,
                                    judgement.elements(),
                                    judgement.worst(),
                                    judgement.taps(),
                                    message,
                                    List.of(),
                                    List.of(),
                                    milliseconds)
                            : result(
                                    check,
                                    Outcome.FAIL,
                                    judgement.elements(),
                                    judgement.worst(),
                                    judgement.firstDivergence().orElseThrow(),
                                    judgement.taps(),
                                    message,
                                    List.of(),
                                    List.of(),
                                    milliseconds);
                }
                case Finding.Equal(long elements, List<Count> counts, List<ExpertLoad> routing) ->
                    pass(check, subject, elements, null, List.of(), null, counts, routing, milliseconds);
                case Finding.Violated(long elements, String message, List<Count> counts) ->
                    result(
                            check,
                            Outcome.FAIL,
                            elements,
                            null,
                            null,
                            List.of(),
                            message,
                            counts,
                            List.of(),
                            milliseconds);
            };
        } catch (ShapeMismatchException e) {
            return end(check, Outcome.FAIL, String.valueOf(e.getMessage()), millisecondsSince(start));
        } catch (UnsupportedOperationException | UnsupportedModelException e) {
            return end(check, Outcome.CAPABILITY_LIE, "declared, not able: " + describe(e), millisecondsSince(start));
        } catch (EngineLostException e) {
            close();
            state = new State.Refused(Outcome.NOT_RUN, "the engine was lost in the check " + check.id());
            return end(check, outcome(e), String.valueOf(e.getMessage()), millisecondsSince(start));
        } catch (RuntimeException | LinkageError | StackOverflowError e) {
            return end(check, Outcome.ERROR, describe(e), millisecondsSince(start));
        }
    }

    private static State.Refused lost(EngineLostException e) {
        return new State.Refused(outcome(e), String.valueOf(e.getMessage()));
    }

    private static Outcome outcome(EngineLostException lost) {
        return switch (lost) {
            case EngineCrashedException _ -> Outcome.CRASH;
            case EngineTimeoutException _ -> Outcome.TIMEOUT;
            case EngineProtocolException _ -> Outcome.ERROR;
        };
    }

    /// Of a check that found nothing wrong; an error if that is because it compared too little.
    private CheckResult pass(
            Check check,
            CaseUnderTest subject,
            long elements,
            @Nullable BudgetUse worst,
            List<TapUse> taps,
            @Nullable String message,
            List<Count> counts,
            List<ExpertLoad> routing,
            double milliseconds) {
        long expected = check.expectedElements(subject);
        return elements < expected
                ? end(
                        check,
                        Outcome.ERROR,
                        "compared " + elements + " numbers, expected at least " + expected,
                        milliseconds)
                : result(check, Outcome.PASS, elements, worst, null, taps, message, counts, routing, milliseconds);
    }

    private static double millisecondsSince(long start) {
        return (System.nanoTime() - start) / 1e6;
    }

    private static String describe(Throwable e) {
        return e.getMessage() == null ? e.getClass().getName() : e.getClass().getSimpleName() + ": " + e.getMessage();
    }

    /// Of a check that found nothing out.
    private CheckResult end(Check check, Outcome outcome, String message, double milliseconds) {
        return result(check, outcome, 0, null, null, List.of(), message, List.of(), List.of(), milliseconds);
    }

    private CheckResult result(
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
        return new CheckResult(
                engine.info().id(),
                golden.config().architecture().id(),
                golden.id(),
                check.id(),
                outcome,
                elements == 0 ? EvidenceLevel.NONE : check.evidence(capabilities()),
                elements,
                worst,
                firstDivergence,
                taps,
                message,
                counts,
                routing,
                milliseconds,
                "./assay verify --engine " + engine.info().id() + " --case " + golden.source());
    }

    /// Frees the model and its checkpoint.
    @Override
    public void close() {
        switch (state) {
            case State.Ready(Checkpoint checkpoint, CaseUnderTest subject) -> {
                try (checkpoint) {
                    subject.model().close();
                }
            }
            case State.Refused _ -> {}
        }
    }
}
