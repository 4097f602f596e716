package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import java.util.Set;

/// The longest prompt gives the same bits [#REPETITIONS] times in a row. Threads that race for a sum, or kernels that
/// read what another has not yet written, show only sometimes: a pass makes that unlikely and no more.
final class Repetition implements Check {
    /// A race that spoils one run in ten is seen with a probability of 1 − 0.9²⁰ = 88 %.
    private static final int REPETITIONS = 20;

    @Override
    public String id() {
        return "repetition";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.STATISTICAL;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.FULL_LOGITS);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return (REPETITIONS - 1) * subject.logitsOfLongestPrompt();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        int[] tokens = subject.golden().longestPrompt().tokens();
        float[][] first = logits(subject, tokens); // [T][V]
        long elements = 0;
        for (int repetition = 2; repetition <= REPETITIONS; repetition++) {
            String difference = Bits.firstDifference(first, logits(subject, tokens), tokens.length);
            if (!difference.isEmpty()) {
                return new Finding.Violated(
                        elements,
                        "run " + repetition + " of " + REPETITIONS + " differs from the first: " + difference);
            }
            elements += Bits.elements(first, tokens.length);
        }
        return new Finding.Equal(elements);
    }

    private static float[][] logits(CaseUnderTest subject, int[] tokens) {
        try (Session session = subject.open(tokens.length)) {
            return subject.logits(session, tokens);
        }
    }
}
