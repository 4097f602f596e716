package dev.assay.report;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// What one check of one case said about one engine.
///
/// @param engine id of the engine
/// @param architecture id of the architecture
/// @param caseId id of the golden case
/// @param check id of the check, for example `one-shot`
/// @param evidence what the comparison rests on; [EvidenceLevel#NONE] where the check did not run
/// @param elements numbers compared; a check that passes has compared at least one
/// @param worst the comparison that used most of its budget; null where the check compares exactly or did not run
/// @param firstDivergence where the engine first leaves its budget; null unless a numeric check failed
/// @param taps the share of the budget used at each place that was compared, in the order of the computation; empty
///     where the check compares exactly or did not run
/// @param message what happened, for people; null where the outcome says all
/// @param counts what the check counted, beside what the configuration says; empty where it counts nothing
/// @param routing how routers spread the longest prompt over their experts; empty where the check does not look
/// @param milliseconds time the check took
/// @param reproduce command that runs this check again
public record CheckResult(
        String engine,
        String architecture,
        String caseId,
        String check,
        Outcome outcome,
        EvidenceLevel evidence,
        long elements,
        @Nullable BudgetUse worst,
        @Nullable Divergence firstDivergence,
        List<TapUse> taps,
        @Nullable String message,
        List<Count> counts,
        List<ExpertLoad> routing,
        double milliseconds,
        String reproduce) {
    public CheckResult {
        taps = List.copyOf(taps);
        counts = List.copyOf(counts);
        routing = List.copyOf(routing);
        if (outcome == Outcome.PASS && elements < 1) {
            throw new IllegalArgumentException(caseId + " " + check + ": a check that compared nothing cannot pass");
        }
    }

    /// The same result with what was found out since: where the engine first leaves its budget, and more to say, on
    /// lines of its own.
    public CheckResult diagnosed(Divergence first, String more) {
        return new CheckResult(
                engine,
                architecture,
                caseId,
                check,
                outcome,
                evidence,
                elements,
                worst,
                first,
                taps,
                message == null ? more : message + "\n" + more,
                counts,
                routing,
                milliseconds,
                reproduce);
    }

    /// The same result with another command to run it again, for callers that know better how the case was found.
    public CheckResult withReproduce(String command) {
        return new CheckResult(
                engine,
                architecture,
                caseId,
                check,
                outcome,
                evidence,
                elements,
                worst,
                firstDivergence,
                taps,
                message,
                counts,
                routing,
                milliseconds,
                command);
    }
}
