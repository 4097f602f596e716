package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenPrompt;
import java.util.Set;

/// A session that is reset computes, to the bit, what it computed when new, whatever it saw in between; and rows
/// that were returned before stay as they were.
final class ResetAndRerun implements Check {
    @Override
    public String id() {
        return "reset-and-rerun";
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
    public long expectedElements(CaseUnderTest subject) {
        return subject.goldenLogits();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        int[] other = Tokens.reversed(subject.golden().longestPrompt().tokens());
        long elements = 0;
        try (Session session = subject.open(other.length)) {
            for (GoldenPrompt prompt : subject.golden().prompts()) {
                int tokens = prompt.tokens().length;
                session.reset();
                float[][] first = subject.logits(session.prefill(prompt.tokens()), tokens); // [T][V]
                float[][] kept = Bits.copy(first); // [T][V]

                session.reset();
                // A state that survives the reset must come from somewhere: fill the context with something else.
                session.prefill(other);
                String overwritten = Bits.firstDifference(kept, first, tokens);
                if (!overwritten.isEmpty()) {
                    return new Finding.Violated(
                            elements,
                            "prompt " + prompt.id() + ": logits returned earlier were overwritten: " + overwritten);
                }
                session.reset();
                if (session.length() != 0) {
                    return new Finding.Violated(elements, "length is " + session.length() + " after a reset");
                }
                float[][] second = subject.logits(session.prefill(prompt.tokens()), tokens); // [T][V]

                String difference = Bits.firstDifference(kept, second, tokens);
                if (!difference.isEmpty()) {
                    return new Finding.Violated(
                            elements, "prompt " + prompt.id() + " differs after a reset: " + difference);
                }
                elements += Bits.elements(kept, tokens);
            }
        }
        return new Finding.Equal(elements);
    }
}
