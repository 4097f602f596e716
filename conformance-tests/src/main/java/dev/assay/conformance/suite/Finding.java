package dev.assay.conformance.suite;

import dev.assay.conformance.compare.Judgement;

/// What a check found.
sealed interface Finding {
    /// Numbers were compared with the oracle's under a budget. `note` adds what is reported and not judged.
    record Judged(Judgement judgement, String note) implements Finding {}

    /// Values had to be equal, and were. `elements` is how many.
    record Equal(long elements) implements Finding {}

    /// Something had to be so, and was not. `elements` is how many values had been compared by then.
    record Violated(long elements, String message) implements Finding {}
}
