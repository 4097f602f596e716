package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import java.util.Set;

/// A rule of the suite, as `RULES.md` describes it under its id.
///
/// @param id stable name, for example `token-by-token`
/// @param needs what an engine must declare for the rule to be asked of it
public record Rule(String id, Kind kind, Set<Capability> needs) {
    public Rule {
        needs = Set.copyOf(needs);
    }

    /// What a rule is to an engine.
    public enum Kind {
        /// Needs no more than predictions: asked of every engine that returns the kind of prediction it reads.
        REQUIRED,
        /// Asked of engines that declare an ability beyond predictions.
        OPTIONAL,
        /// Looks for what happens only sometimes: a pass is evidence and no proof.
        STATISTICAL
    }
}
