package dev.assay.conformance.suite;

import dev.assay.conformance.compare.Difference;
import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.EvidenceLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Each prompt one token at a time: logits of every step, and every tap, against the oracle.
final class TokenByToken implements Check {
    @Override
    public String id() {
        return "token-by-token";
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
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            int[] tokens = prompt.tokens();
            float[][] logits = new float[tokens.length][]; // [T][V]
            TapRecorder recorder = new TapRecorder();
            try (Session session = subject.open(tokens.length, recorder)) {
                for (int t = 0; t < tokens.length; t++) {
                    logits[t] = subject.logits(session.decode(tokens[t]), 1)[0];
                }
                differences.addAll(subject.differences(prompt, logits, recorder));
            }
        }
        return new Finding.Judged(subject.judge().judge(differences), "");
    }
}
