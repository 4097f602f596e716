package dev.assay.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// From the outcomes of a run to its verdict.
///
/// | the run has | verdict |
/// |---|---|
/// | a fault, or nothing that ran | `FAULT` |
/// | else FAIL, ERROR, CRASH, TIMEOUT, CAPABILITY_LIE or STALE_WAIVER | `NON_CONFORMANT` |
/// | else INCONCLUSIVE, or an engine of which nothing was judged by a budget | `INCONCLUSIVE` |
/// | else PASS, WAIVED, UNSUPPORTED or NOT_RUN, with at least one that ran | `CONFORMANT` |
///
/// A fault outranks a failure: what is wrong with the goldens or the harness is mended first and the run repeated.
/// The failures stand in the report all the same. A stale waiver is a failure because it claims one that is not
/// there: left in place it would hide the next. An engine that passes its exact checks only, because it returns no
/// logits, has not been compared with the oracle: that is no evidence of conformance, and none against it.
public final class Verdicts {
    private static final Set<Outcome> FAILURES = EnumSet.of(
            Outcome.FAIL, Outcome.ERROR, Outcome.CRASH, Outcome.TIMEOUT, Outcome.CAPABILITY_LIE, Outcome.STALE_WAIVER);

    private static final Set<Outcome> DID_NOT_RUN = EnumSet.of(Outcome.UNSUPPORTED, Outcome.NOT_RUN);

    private Verdicts() {}

    /// Whether the outcome alone makes a run non-conformant.
    public static boolean isFailure(Outcome outcome) {
        return FAILURES.contains(outcome);
    }

    /// Whether the check was really run.
    public static boolean ran(Outcome outcome) {
        return !DID_NOT_RUN.contains(outcome);
    }

    /// The verdict on a run.
    ///
    /// @param faults what is wrong with the harness or the goldens, [#emptiness] included
    public static Verdict of(List<CheckResult> results, List<Fault> faults) {
        if (!faults.isEmpty() || results.stream().noneMatch(result -> ran(result.outcome()))) {
            return Verdict.FAULT;
        }
        if (results.stream().anyMatch(result -> isFailure(result.outcome()))) {
            return Verdict.NON_CONFORMANT;
        }
        if (results.stream().anyMatch(result -> result.outcome() == Outcome.INCONCLUSIVE)
                || !unjudged(results).isEmpty()) {
            return Verdict.INCONCLUSIVE;
        }
        return Verdict.CONFORMANT;
    }

    /// The verdict on measurements: there is no speed without a right result, so that a row without figures is a
    /// failure, unless the engine had declared that it cannot run the model.
    ///
    /// @param faults what is wrong with the harness
    public static Verdict ofBench(List<BenchRow> rows, List<Fault> faults) {
        List<Outcome> outcomes =
                rows.stream().map(row -> row.checked().outcome()).toList();
        if (!faults.isEmpty() || outcomes.stream().noneMatch(Verdicts::ran)) {
            return Verdict.FAULT;
        }
        return outcomes.stream().anyMatch(Verdicts::isFailure) ? Verdict.NON_CONFORMANT : Verdict.CONFORMANT;
    }

    /// Engines that ran checks of which none compared numbers with the oracle's, sorted.
    public static Set<String> unjudged(List<CheckResult> results) {
        Set<String> engines = new TreeSet<>();
        for (CheckResult result : results) {
            if (ran(result.outcome())) {
                engines.add(result.engine());
            }
        }
        for (CheckResult result : results) {
            if (result.worst() != null) {
                engines.remove(result.engine());
            }
        }
        return engines;
    }

    /// The faults of a run that says nothing: no check ran at all, or none of an engine that was asked for.
    ///
    /// @param engines ids of the engines that must have run something
    /// @param reproduce command of the run
    public static List<Fault> emptiness(List<CheckResult> results, Collection<String> engines, String reproduce) {
        if (results.isEmpty()) {
            return List.of(new Fault("run", "no check was selected, so nothing is known", reproduce));
        }
        List<Fault> faults = new ArrayList<>();
        for (String engine : engines) {
            List<CheckResult> own = results.stream()
                    .filter(result -> result.engine().equals(engine))
                    .toList();
            if (own.stream().noneMatch(result -> ran(result.outcome()))) {
                faults.add(new Fault(
                        engine, "the engine ran none of its " + own.size() + " checks" + why(own), reproduce));
            }
        }
        if (faults.isEmpty() && results.stream().noneMatch(result -> ran(result.outcome()))) {
            faults.add(new Fault("run", "none of " + results.size() + " checks ran" + why(results), reproduce));
        }
        return faults;
    }

    /// The first reason given, after a colon.
    private static String why(List<CheckResult> results) {
        for (CheckResult result : results) {
            if (result.message() != null) {
                return ": " + result.message();
            }
        }
        return "";
    }
}
