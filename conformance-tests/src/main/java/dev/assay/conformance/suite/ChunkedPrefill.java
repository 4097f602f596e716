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

/// Each prompt in chunks of several sizes: engines take other paths for small, odd and full batches of tokens.
final class ChunkedPrefill implements Check {
    /// Every size up to one past a vector of eight floats, and both sides of a full vector of sixteen.
    private static final int[] SIZES = {1, 2, 3, 4, 5, 6, 7, 8, 9, 16, 17};

    @Override
    public String id() {
        return "chunked-prefill";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.OPTIONAL;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.FULL_LOGITS, Capability.ALL_POSITIONS, Capability.CHUNKED_PREFILL);
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
            for (int size : SIZES) {
                // A chunk as long as the prompt is the one-shot check; of the longer sizes one is enough.
                if (size <= Math.max(1, prompt.tokens().length - 1)) {
                    differences.addAll(prefill(subject, prompt, size));
                }
            }
        }
        return new Finding.Judged(subject.judge().judge(differences), "");
    }

    private static List<Difference> prefill(CaseUnderTest subject, GoldenPrompt prompt, int size) {
        int[] tokens = prompt.tokens();
        float[][] logits = new float[tokens.length][]; // [T][V]
        TapRecorder recorder = new TapRecorder();
        try (Session session = subject.open(tokens.length, recorder)) {
            for (int start = 0; start < tokens.length; start += size) {
                int[] chunk = Arrays.copyOfRange(tokens, start, Math.min(start + size, tokens.length));
                float[][] rows = subject.logits(session.prefill(chunk), chunk.length); // [chunk][V]
                System.arraycopy(rows, 0, logits, start, rows.length);
            }
            return subject.differences(prompt, logits, recorder);
        }
    }
}
