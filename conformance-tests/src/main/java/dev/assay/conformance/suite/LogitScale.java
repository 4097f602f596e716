package dev.assay.conformance.suite;

import dev.assay.conformance.compare.Budget;
import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.EvidenceLevel;
import java.util.Locale;
import java.util.Set;

/// Logits have the oracle's scale. A factor or a softcap that is left out keeps the best token of every position, so
/// that no test of greedy tokens sees it; this one says that it is that and nothing else.
final class LogitScale implements Check {
    @Override
    public String id() {
        return "logit-scale";
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
        Budget budget = subject.judge().budget(TapPoint.LOGITS);
        long elements = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            float[][] logits; // [T][V]
            try (Session session = subject.open(prompt.tokens().length)) {
                logits = subject.logits(session, prompt.tokens());
            }
            Fit fit = Fit.of(prompt.logits(), logits);
            if (fit.isAnotherScale(budget)) {
                return new Finding.Violated(
                        elements,
                        String.format(
                                Locale.ROOT,
                                "prompt %s: logits are %.6g times the oracle's, 1 +- %.1e is allowed; the best token is "
                                        + "the same at all %d positions",
                                prompt.id(),
                                fit.factor(),
                                fit.tolerance(budget),
                                logits.length));
            }
            elements += Bits.elements(logits, logits.length);
        }
        return new Finding.Equal(elements);
    }

    /// The factor s that makes s·o closest to the engine's logits e, in the sense of least squares.
    ///
    /// @param factor s = Σe·o / Σo²
    /// @param oracle rms of o
    /// @param error rms of e − o
    /// @param residual rms of e − s·o
    /// @param sameBest whether both have the same best token at every position
    private record Fit(double factor, double oracle, double error, double residual, boolean sameBest) {
        static Fit of(double[][] expected, float[][] actual) {
            double products = 0;
            double squares = 0;
            double errors = 0;
            long elements = 0;
            boolean sameBest = true;
            for (int t = 0; t < expected.length; t++) {
                for (int i = 0; i < expected[t].length; i++) {
                    double error = actual[t][i] - expected[t][i];
                    products += actual[t][i] * expected[t][i];
                    squares += expected[t][i] * expected[t][i];
                    errors += error * error;
                    elements++;
                }
                sameBest &= Rows.argmax(expected[t]) == Rows.argmax(Rows.doubles(actual[t]));
            }
            double factor = products / squares;
            // Σ(e − s·o)² = Σ(e − o)² − (s − 1)²·Σo², as s·o is the projection of e on o.
            double residual = errors - (factor - 1) * (factor - 1) * squares;
            return new Fit(
                    factor,
                    Math.sqrt(squares / elements),
                    Math.sqrt(errors / elements),
                    Math.sqrt(Math.max(0, residual) / elements),
                    sameBest);
        }

        /// An error within its budget cannot move the factor further: |s − 1| = |Σ(e − o)·o| / Σo² ≤ rms(e − o)
        /// / rms(o).
        double tolerance(Budget budget) {
            return budget.rms() / oracle;
        }

        /// Whether the factor is another one, explains more than half of the error, and moves no best token.
        boolean isAnotherScale(Budget budget) {
            return Math.abs(factor - 1) > tolerance(budget) && residual * residual < error * error / 2 && sameBest;
        }
    }
}
