package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenPrompt;
import java.util.Set;

/// A session knows nothing of those before it: the same prompt gives the same bits whether the session closed last
/// had seen another prompt or this one.
final class NewSession implements Check {
    @Override
    public String id() {
        return "new-session";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.REQUIRED;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.FULL_LOGITS);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return subject.goldenLogits();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        // Before the first prompt another one; before each of the others the one before it is another.
        logits(subject, Tokens.reversed(subject.golden().longestPrompt().tokens()));
        long elements = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            int[] tokens = prompt.tokens();
            float[][] afterOther = logits(subject, tokens); // [T][V]
            float[][] afterItself = logits(subject, tokens); // [T][V]
            String difference = Bits.firstDifference(afterOther, afterItself, tokens.length);
            if (!difference.isEmpty()) {
                return new Finding.Violated(
                        elements,
                        "prompt " + prompt.id() + " in a new session, after one of another prompt and after one of the"
                                + " same, differs: " + difference);
            }
            elements += Bits.elements(afterOther, tokens.length);
        }
        return new Finding.Equal(elements);
    }

    private static float[][] logits(CaseUnderTest subject, int[] tokens) {
        try (Session session = subject.open(tokens.length)) {
            return subject.logits(session, tokens);
        }
    }
}
