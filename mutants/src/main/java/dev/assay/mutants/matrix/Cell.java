package dev.assay.mutants.matrix;

import dev.assay.report.Divergence;
import dev.assay.report.Outcome;
import org.jspecify.annotations.Nullable;

/// What became of a mutant in a case: the first check that killed it, or the one that came nearest.
///
/// @param killed whether a check left its budget by [KillMatrix#MARGIN] or more, or failed in a way that knows no
/// budget
/// @param check id of the check
/// @param used share of its budget that the mutant used, at least; null where the check compares exactly
/// @param firstDivergence where it first left its budget; null where no number did
/// @param message what the check said; null where it said nothing
/// @param expected where or how it had to show, in this model
/// @param localised whether the layer found is the expected one, or the conduct, or the refusal
/// @param tapNamed whether the very tap is the expected one; as `localised` where no tap is expected
public record Cell(
        String caseId,
        String architecture,
        boolean killed,
        String check,
        Outcome outcome,
        @Nullable Double used,
        @Nullable Divergence firstDivergence,
        @Nullable String message,
        String expected,
        boolean localised,
        boolean tapNamed) {}
