package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Results live as long as the session promised. With [ResultLifetime#UNLIMITED] each call's rows are still the same
/// after all later calls, after the session is closed and after another has run. With
/// [ResultLifetime#UNTIL_NEXT_CALL] they are, until the next call, the same bits.
final class ResultsStay implements Check {
    @Override
    public String id() {
        return "result-lifetime";
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
        return 2 * subject.logitsOfLongestPrompt();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        int[] tokens = subject.golden().longestPrompt().tokens();
        SessionOptions options = SessionOptions.ofContext(tokens.length);
        List<float[]> returned = new ArrayList<>(); // T rows [V], as the engine left them
        List<float[]> read = new ArrayList<>(); // T rows [V], as they were when returned
        try (Session session = subject.model().newSession(options)) {
            for (int token : tokens) {
                float[] row = subject.logits(session.decode(token), 1)[0];
                returned.add(row);
                read.add(row.clone());
            }
        }
        float[][] shortLived = new float[tokens.length][]; // [T][V]
        try (Session session = subject.model().newSession(options.withResults(ResultLifetime.UNTIL_NEXT_CALL))) {
            for (int t = 0; t < tokens.length; t++) {
                shortLived[t] = subject.logits(session.decode(tokens[t]), 1)[0].clone();
            }
        }
        float[][] asRead = read.toArray(float[][]::new); // [T][V]
        String overwritten = Bits.firstDifference(asRead, returned.toArray(float[][]::new), tokens.length);
        if (!overwritten.isEmpty()) {
            return new Finding.Violated(0, "results that were to stay for good were overwritten: " + overwritten);
        }
        String difference = Bits.firstDifference(asRead, shortLived, tokens.length);
        if (!difference.isEmpty()) {
            return new Finding.Violated(
                    subject.logitsOfLongestPrompt(),
                    "results that need stay until the next call only are others: " + difference);
        }
        return new Finding.Equal(2 * Bits.elements(asRead, tokens.length));
    }
}
