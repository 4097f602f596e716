package dev.assay.conformance.suite;

import dev.assay.conformance.compare.PredictionBudget;
import dev.assay.conformance.compare.ShapeMismatchException;
import dev.assay.engine.Capability;
import dev.assay.engine.Prediction;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.EvidenceLevel;
import java.util.Set;

/// Of engines that return nothing else: the best token of every position is the oracle's, wherever the oracle's
/// second best is too far behind for an error within the budget to change places with it. Where it is not, the token
/// must be one that such an error can bring to the front; those positions do not count as compared.
final class GreedyTokens implements Check {
    @Override
    public String id() {
        return "greedy-tokens";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.REQUIRED;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.GREEDY_TOKENS);
    }

    @Override
    public EvidenceLevel evidence(Set<Capability> declared) {
        return EvidenceLevel.GREEDY_TOKENS;
    }

    @Override
    public boolean isFor(Set<Capability> declared) {
        return declared.contains(Capability.GREEDY_TOKENS)
                && !declared.contains(Capability.FULL_LOGITS)
                && !declared.contains(Capability.TOP_LOG_PROBABILITIES);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        PredictionBudget budget = PredictionBudget.of(subject.judge().budget(TapPoint.LOGITS));
        long decided = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            for (double[] logits : prompt.logits()) {
                decided += isDecided(logits, budget) ? 1 : 0;
            }
        }
        return Math.max(1, decided);
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        PredictionBudget budget = PredictionBudget.of(subject.judge().budget(TapPoint.LOGITS));
        int vocabSize = subject.golden().config().vocabSize();
        long elements = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            for (Prediction[] rows : Predictions.all(subject, prompt.tokens())) {
                for (int t = 0; t < rows.length; t++) {
                    if (!(rows[t] instanceof Prediction.GreedyTokens(int[] tokens))) {
                        throw new ShapeMismatchException("declared greedy tokens, returned "
                                + rows[t].getClass().getSimpleName());
                    }
                    int chosen = tokens[0];
                    double[] logits = prompt.logits()[t]; // [V]
                    int best = Rows.argmax(logits);
                    if (chosen < 0 || chosen >= vocabSize || logits[best] - logits[chosen] > budget.gap()) {
                        return new Finding.Violated(
                                elements,
                                "prompt " + prompt.id() + ", token " + t + ": expected token " + best + ", found "
                                        + chosen
                                        + (chosen < 0 || chosen >= vocabSize
                                                ? ", which is none of the vocabulary"
                                                : ", whose logit is lower by " + (logits[best] - logits[chosen]) + ", "
                                                        + budget.gap() + " is allowed"));
                    }
                    elements += isDecided(logits, budget) ? 1 : 0;
                }
            }
        }
        return new Finding.Equal(elements);
    }

    /// Whether no error within the budget can bring another token to the front.
    private static boolean isDecided(double[] logits, PredictionBudget budget) {
        int best = Rows.argmax(logits);
        for (int id = 0; id < logits.length; id++) {
            if (id != best && logits[best] - logits[id] <= budget.gap()) {
                return false;
            }
        }
        return true;
    }
}
