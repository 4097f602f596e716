package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.EvidenceLevel;
import java.util.Set;

/// Logits are returned as they are: not as probabilities and not as log-probabilities. Both keep the order of the
/// tokens, so that whoever only looks at the best of them sees nothing.
final class RawLogits implements Check {
    /// How far from 1 the sum of probabilities, and from 0 the logarithm of that of log-probabilities, may be for a
    /// row to pass as normalised. A float32 softmax is off by 1e-6.
    private static final double NORMALISED = 1e-3;

    @Override
    public String id() {
        return "raw-logits";
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
        return EvidenceLevel.FULL_LOGITS;
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return subject.goldenLogits();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        long elements = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            float[][] logits; // [T][V]
            try (Session session = subject.open(prompt.tokens().length)) {
                logits = subject.logits(session, prompt.tokens());
            }
            for (int t = 0; t < logits.length; t++) {
                Form actual = Form.of(Rows.doubles(logits[t]), NORMALISED);
                // The oracle's logits may happen to be normalised: nothing can be told from such a row.
                if (actual != Form.LOGITS && Form.of(prompt.logits()[t], 2 * NORMALISED) == Form.LOGITS) {
                    return new Finding.Violated(
                            elements,
                            "prompt " + prompt.id() + ", token " + t + ": expected logits, found " + actual.told);
                }
                elements += logits[t].length;
            }
        }
        return new Finding.Equal(elements);
    }

    /// What a row of numbers can be taken for.
    private enum Form {
        LOGITS("logits"),
        PROBABILITIES("probabilities: none is negative and their sum is 1"),
        LOG_PROBABILITIES("log-probabilities: the sum of their exponentials is 1");

        final String told;

        Form(String told) {
            this.told = told;
        }

        static Form of(double[] row, double tolerance) {
            double sum = 0;
            boolean negative = false;
            for (double value : row) {
                sum += value;
                negative |= value < 0;
            }
            if (!negative && Math.abs(sum - 1) <= tolerance) {
                return PROBABILITIES;
            }
            return Math.abs(Rows.logSumExp(row)) <= tolerance ? LOG_PROBABILITIES : LOGITS;
        }
    }
}
