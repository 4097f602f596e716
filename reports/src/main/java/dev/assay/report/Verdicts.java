package dev.assay.report;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BinaryOperator;

/// From the outcomes of a run to its verdict.
///
/// | the run has | verdict |
/// |---|---|
/// | a fault, or nothing that ran | `FAULT` |
/// | else FAIL, ERROR, CRASH, TIMEOUT, CAPABILITY_LIE or STALE_WAIVER | `NON_CONFORMANT` |
/// | else INCONCLUSIVE, or an engine of which nothing was compared with the oracle | `INCONCLUSIVE` |
/// | else an engine that was compared by less than full logits | `CONSISTENT` |
/// | else PASS, WAIVED, UNSUPPORTED or NOT_RUN, with at least one that ran | `CONFORMANT` |
///
/// A fault outranks a failure: what is wrong with the goldens or the harness is mended first and the run repeated.
/// The failures stand in the report all the same. A stale waiver is a failure because it claims one that is not
/// there: left in place it would hide the next. An engine that passes its exact checks only, because it returns no
/// predictions, has not been compared with the oracle: that is no evidence of conformance, and none against it. One
/// that returns greedy tokens or some log-probabilities has been, by too little: an engine may well be wrong and agree.
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
        List<EngineEvidence> evidence = evidence(results);
        if (results.stream().anyMatch(result -> result.outcome() == Outcome.INCONCLUSIVE)
                || evidence.stream().anyMatch(of -> of.level() == EvidenceLevel.NONE)) {
            return Verdict.INCONCLUSIVE;
        }
        return evidence.stream().allMatch(of -> of.level().certifies()) ? Verdict.CONFORMANT : Verdict.CONSISTENT;
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

    /// The evidence on every engine that ran a check, in the order of their ids.
    public static List<EngineEvidence> evidence(List<CheckResult> results) {
        Map<String, Map<String, EvidenceLevel>> strongest = new TreeMap<>(); // by engine and case
        for (CheckResult result : results) {
            if (ran(result.outcome())) {
                strongest
                        .computeIfAbsent(result.engine(), _ -> new TreeMap<>())
                        .merge(result.caseId(), result.evidence(), BinaryOperator.maxBy(Comparator.naturalOrder()));
            }
        }
        return strongest.entrySet().stream()
                .map(engine -> new EngineEvidence(
                        engine.getKey(), weakest(engine.getValue().values())))
                .toList();
    }

    private static EvidenceLevel weakest(Collection<EvidenceLevel> ofCases) {
        return ofCases.stream()
                .filter(level -> level != EvidenceLevel.NONE)
                .min(Comparator.naturalOrder())
                .orElse(EvidenceLevel.NONE);
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
