package dev.assay.conformance.compare;

import dev.assay.report.BudgetUse;
import dev.assay.report.Divergence;
import dev.assay.report.TapUse;
import java.util.List;
import java.util.Optional;

/// What a [Judge] says of the differences it was given.
///
/// @param elements numbers compared, at least 1
/// @param worst the comparison that used most of its budget
/// @param firstDivergence the first place over budget, in the order of the computation; empty if there is none
/// @param taps the most that was used at each place, in the order of the computation
public record Judgement(long elements, BudgetUse worst, Optional<Divergence> firstDivergence, List<TapUse> taps) {
    public Judgement {
        taps = List.copyOf(taps);
    }

    public boolean passes() {
        return firstDivergence.isEmpty();
    }
}
