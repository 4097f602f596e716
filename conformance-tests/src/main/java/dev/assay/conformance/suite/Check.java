package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.golden.GoldenCase;
import dev.assay.report.EvidenceLevel;
import java.util.List;
import java.util.Set;

/// A [Rule] in code: one thing asked of an engine on a golden case.
interface Check {
    /// Name in reports and in `RULES.md`, for example `token-by-token`. Never changes.
    String id();

    Rule.Kind kind();

    /// What the engine must have declared for the check to be asked of it.
    Set<Capability> needs();

    /// What the check's comparison with the oracle rests on, if the engine declares these abilities.
    default EvidenceLevel evidence(Set<Capability> declared) {
        return EvidenceLevel.NONE;
    }

    /// Whether an engine with these abilities is to answer at all. One that returns logits is not asked for less.
    default boolean isFor(Set<Capability> declared) {
        return true;
    }

    /// Whether the case has anything to check.
    default boolean appliesTo(GoldenCase golden) {
        return true;
    }

    /// Numbers that the check compares at least before it may pass, by the case alone.
    long expectedElements(CaseUnderTest subject);

    default Rule rule() {
        return new Rule(id(), kind(), needs());
    }

    /// Runs the check. Whatever the engine throws is passed on.
    Finding run(CaseUnderTest subject);

    /// All checks, in the order in which they are run and reported.
    static List<Check> all() {
        return List.of(
                new OneShotPrefill(),
                new TokenByToken(),
                new RawLogits(),
                new LogitScale(),
                new ChunkedPrefill(),
                new DecodeAfterPrefill(),
                new ResetAndRerun(),
                new NewSession(),
                new InterleavedSessions(),
                new ResultsStay(),
                new Repetition(),
                new Causality(),
                new KvCacheBytes(),
                new ExpertsPerToken(),
                new RoutedExperts(),
                new LogProbabilities(),
                new GreedyTokens());
    }
}
