package dev.assay.conformance.suite;

import dev.assay.conformance.compare.Difference;
import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.EvidenceLevel;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// The first half of each prompt in one call, the rest token by token: the cache is handed from prefill to decode.
/// Then the oracle's greedy tokens are fed, and how often the engine would have chosen the same is reported, not
/// judged. The last of them is not fed, as the oracle did not: it may stand past the model's last position.
final class DecodeAfterPrefill implements Check {
    @Override
    public String id() {
        return "decode-after-prefill";
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
    public EvidenceLevel evidence(Set<Capability> declared) {
        return Evidence.ofLogits(declared);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return subject.goldenElements();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        List<Difference> differences = new ArrayList<>();
        int agreed = 0;
        int asked = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            int[] tokens = prompt.tokens();
            int half = (tokens.length + 1) / 2;
            float[][] logits = new float[tokens.length][]; // [T][V]
            int[] greedy = prompt.greedy();
            TapRecorder recorder = new TapRecorder();
            int positions = tokens.length + Math.max(0, greedy.length - 1);
            try (Session session = subject.open(positions, recorder)) {
                float[][] prefilled = subject.logits(session.prefill(Arrays.copyOf(tokens, half)), half); // [half][V]
                System.arraycopy(prefilled, 0, logits, 0, half);
                for (int t = half; t < tokens.length; t++) {
                    logits[t] = subject.logits(session.decode(tokens[t]), 1)[0];
                }
                // Before the greedy tokens, of whose inner values the golden says nothing.
                differences.addAll(subject.differences(prompt, logits, recorder));

                float[] last = logits[tokens.length - 1]; // [V]
                for (int g = 0; g < greedy.length; g++) {
                    if (g > 0) {
                        last = subject.logits(session.decode(greedy[g - 1]), 1)[0];
                    }
                    agreed += argmax(last) == greedy[g] ? 1 : 0;
                    asked++;
                }
            }
        }
        return new Finding.Judged(
                subject.judge().judge(differences), "greedy agreement " + agreed + " of " + asked + " tokens");
    }

    private static int argmax(float[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }
}
