package dev.assay.conformance.suite;

import dev.assay.conformance.compare.Judgement;
import dev.assay.report.Count;
import dev.assay.report.ExpertLoad;
import java.util.List;

/// What a check found.
sealed interface Finding {
    /// Numbers were compared with the oracle's under a budget. `note` adds what is reported and not judged.
    record Judged(Judgement judgement, String note) implements Finding {}

    /// Values had to be equal, and were. `elements` is how many.
    ///
    /// @param counts what was counted on the way
    /// @param routing how routers spread the longest prompt
    record Equal(long elements, List<Count> counts, List<ExpertLoad> routing) implements Finding {
        Equal(long elements) {
            this(elements, List.of(), List.of());
        }
    }

    /// Something had to be so, and was not. `elements` is how many values had been compared by then.
    ///
    /// @param counts what was counted by then, the violation included
    record Violated(long elements, String message, List<Count> counts) implements Finding {
        Violated(long elements, String message) {
            this(elements, message, List.of());
        }
    }
}
