package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import java.util.Set;

/// Two sessions fed in turn compute, to the bit, what each computes alone.
final class InterleavedSessions implements Check {
    @Override
    public String id() {
        return "interleaved-sessions";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.OPTIONAL;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.FULL_LOGITS, Capability.CONCURRENT_SESSIONS);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return 2 * subject.logitsOfLongestPrompt();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        int[] one = subject.golden().longestPrompt().tokens();
        int[] other = Tokens.reversed(one);
        float[][] oneAlone = alone(subject, one); // [T][V]
        float[][] otherAlone = alone(subject, other); // [T][V]

        float[][] oneInTurn = new float[one.length][]; // [T][V]
        float[][] otherInTurn = new float[one.length][]; // [T][V]
        try (Session first = subject.open(one.length);
                Session second = subject.open(one.length)) {
            for (int t = 0; t < one.length; t++) {
                oneInTurn[t] = subject.logits(first.decode(one[t]), 1)[0];
                otherInTurn[t] = subject.logits(second.decode(other[t]), 1)[0];
            }
        }
        String difference = Bits.firstDifference(oneAlone, oneInTurn, one.length);
        if (difference.isEmpty()) {
            difference = Bits.firstDifference(otherAlone, otherInTurn, one.length);
        }
        if (!difference.isEmpty()) {
            return new Finding.Violated(0, "alone and in turn with another session differ at " + difference);
        }
        return new Finding.Equal(Bits.elements(oneAlone, one.length) + Bits.elements(otherAlone, one.length));
    }

    private static float[][] alone(CaseUnderTest subject, int[] tokens) {
        float[][] logits = new float[tokens.length][]; // [T][V]
        try (Session session = subject.open(tokens.length)) {
            for (int t = 0; t < tokens.length; t++) {
                logits[t] = subject.logits(session.decode(tokens[t]), 1)[0];
            }
        }
        return logits;
    }
}
