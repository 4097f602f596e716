package dev.assay.conformance.suite;

import dev.assay.conformance.compare.Difference;
import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.EvidenceLevel;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/// Each prompt in one call: logits of every position, and every tap, against the oracle.
final class OneShotPrefill implements Check {
    @Override
    public String id() {
        return "one-shot";
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
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            int[] tokens = prompt.tokens();
            TapRecorder recorder = new TapRecorder();
            try (Session session = subject.open(tokens.length, recorder)) {
                float[][] logits = subject.logits(session.prefill(tokens), tokens.length); // [T][V]
                differences.addAll(subject.differences(prompt, logits, recorder));
            }
        }
        return new Finding.Judged(subject.judge().judge(differences), "");
    }
}
