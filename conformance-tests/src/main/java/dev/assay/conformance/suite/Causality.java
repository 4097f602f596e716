package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenCase;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/// Later tokens change nothing earlier: with another suffix of the same length, the logits before it are equal to
/// the bit, and the logits from it on are not.
final class Causality implements Check {
    @Override
    public String id() {
        return "causality";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.OPTIONAL;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.FULL_LOGITS, Capability.ALL_POSITIONS);
    }

    @Override
    public boolean appliesTo(GoldenCase golden) {
        return golden.prompts().stream().anyMatch(prompt -> prompt.tokens().length > 1);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return subject.golden().config().vocabSize();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        int[] tokens = subject.golden().longestPrompt().tokens();
        int vocabSize = subject.golden().config().vocabSize();
        float[][] original = prefill(subject, tokens); // [T][V]
        long elements = 0;
        for (int prefix : new TreeSet<>(List.of(1, tokens.length / 2, tokens.length - 1))) {
            int[] changed = tokens.clone();
            for (int t = prefix; t < changed.length; t++) {
                changed[t] = (changed[t] + 1) % vocabSize;
            }
            float[][] other = prefill(subject, changed); // [T][V]
            String difference = Bits.firstDifference(original, other, prefix);
            if (!difference.isEmpty()) {
                return new Finding.Violated(
                        elements, "tokens from position " + prefix + " on changed earlier logits: " + difference);
            }
            if (Bits.firstDifference(original, other, tokens.length).isEmpty()) {
                return new Finding.Violated(
                        elements, "tokens from position " + prefix + " on changed nothing, their own logits neither");
            }
            elements += Bits.elements(original, prefix);
        }
        return new Finding.Equal(elements);
    }

    private static float[][] prefill(CaseUnderTest subject, int[] tokens) {
        try (Session session = subject.open(tokens.length)) {
            return subject.logits(session.prefill(tokens), tokens.length);
        }
    }
}
