package dev.assay.report;

import org.jspecify.annotations.Nullable;

/// What one check of one case said about one engine.
///
/// @param engine id of the engine
/// @param architecture id of the architecture
/// @param caseId id of the golden case
/// @param check id of the check, for example `one-shot`
/// @param elements numbers compared; a check that passes has compared at least one
/// @param worst the comparison that used most of its budget; null where the check compares exactly or did not run
/// @param firstDivergence where the engine first leaves its budget; null unless a numeric check failed
/// @param message what happened, for people; null where the outcome says all
/// @param milliseconds time the check took
/// @param reproduce command that runs this check again
public record CheckResult(
        String engine,
        String architecture,
        String caseId,
        String check,
        Outcome outcome,
        long elements,
        @Nullable BudgetUse worst,
        @Nullable Divergence firstDivergence,
        @Nullable String message,
        double milliseconds,
        String reproduce) {
    public CheckResult {
        if (outcome == Outcome.PASS && elements < 1) {
            throw new IllegalArgumentException(caseId + " " + check + ": a check that compared nothing cannot pass");
        }
    }

    /// The same result with another command to run it again, for callers that know better how the case was found.
    public CheckResult withReproduce(String command) {
        return new CheckResult(
                engine,
                architecture,
                caseId,
                check,
                outcome,
                elements,
                worst,
                firstDivergence,
                message,
                milliseconds,
                command);
    }
}
