package dev.assay.conformance.compare;

import dev.assay.report.BudgetUse;
import dev.assay.report.Divergence;
import java.util.Optional;

/// What a [Judge] says of the differences it was given.
///
/// @param elements numbers compared, at least 1
/// @param worst the comparison that used most of its budget
/// @param firstDivergence the first place over budget, in the order of the computation; empty if there is none
public record Judgement(long elements, BudgetUse worst, Optional<Divergence> firstDivergence) {
    public boolean passes() {
        return firstDivergence.isEmpty();
    }
}
