package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.golden.GoldenCase;
import java.util.List;
import java.util.Set;

/// One thing asked of an engine on a golden case.
interface Check {
    /// Name in reports, for example `token-by-token`.
    String id();

    /// What the engine must have declared for the check to be asked of it.
    Set<Capability> needs();

    /// Whether the case has anything to check.
    default boolean appliesTo(GoldenCase golden) {
        return true;
    }

    /// Runs the check. Whatever the engine throws is passed on.
    Finding run(CaseUnderTest subject);

    /// All checks, in the order in which they are run and reported.
    static List<Check> all() {
        return List.of(
                new OneShotPrefill(),
                new TokenByToken(),
                new ChunkedPrefill(),
                new DecodeAfterPrefill(),
                new ResetAndRerun(),
                new InterleavedSessions(),
                new Causality(),
                new KvCacheBytes(),
                new ExpertsPerToken(),
                new RoutedExperts());
    }
}
