package dev.assay.conformance.suite;

import dev.assay.conformance.compare.LogProbabilityJudge;
import dev.assay.conformance.compare.PredictionBudget;
import dev.assay.conformance.compare.ShapeMismatchException;
import dev.assay.engine.Capability;
import dev.assay.engine.Prediction;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenPrompt;
import dev.assay.report.EvidenceLevel;
import java.util.Set;

/// Of engines that return no logits: the most probable tokens of every position and their log-probabilities, against
/// the log-softmax of the oracle's logits. Every row has as many as the first.
final class LogProbabilities implements Check {
    @Override
    public String id() {
        return "log-probabilities";
    }

    @Override
    public Rule.Kind kind() {
        return Rule.Kind.REQUIRED;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.TOP_LOG_PROBABILITIES);
    }

    @Override
    public EvidenceLevel evidence(Set<Capability> declared) {
        return EvidenceLevel.TOP_LOG_PROBABILITIES;
    }

    @Override
    public boolean isFor(Set<Capability> declared) {
        return declared.contains(Capability.TOP_LOG_PROBABILITIES) && !declared.contains(Capability.FULL_LOGITS);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return subject.goldenPositions();
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        LogProbabilityJudge judge =
                new LogProbabilityJudge(PredictionBudget.of(subject.judge().budget(TapPoint.LOGITS)));
        int expected = 0; // tokens in every row
        long elements = 0;
        for (GoldenPrompt prompt : subject.golden().prompts()) {
            for (Prediction[] rows : Predictions.all(subject, prompt.tokens())) {
                for (int t = 0; t < rows.length; t++) {
                    if (!(rows[t]
                            instanceof Prediction.TopLogProbabilities(int[][] tokens, float[][] logProbabilities))) {
                        throw new ShapeMismatchException("declared log-probabilities, returned "
                                + rows[t].getClass().getSimpleName());
                    }
                    expected = expected == 0 ? tokens[0].length : expected;
                    if (tokens[0].length != expected || logProbabilities[0].length != expected || expected == 0) {
                        throw new ShapeMismatchException("prompt " + prompt.id() + ", token " + t + ": expected "
                                + Math.max(1, expected) + " tokens with their log-probabilities, found "
                                + tokens[0].length + " and " + logProbabilities[0].length);
                    }
                    String wrong = judge.add(prompt, t, tokens[0], logProbabilities[0]);
                    if (!wrong.isEmpty()) {
                        return new Finding.Violated(elements, wrong);
                    }
                    elements += expected;
                }
            }
        }
        return new Finding.Judged(judge.judgement(), expected + " tokens a position");
    }
}
