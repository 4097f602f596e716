package dev.assay.conformance.suite;

import dev.assay.conformance.compare.ShapeMismatchException;
import dev.assay.engine.Capability;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import java.util.ArrayList;
import java.util.List;

/// Predictions of less than logits, for every position of a prompt.
final class Predictions {
    private Predictions() {}

    /// A prompt token by token and, if the engine predicts every position, in one call: for each way of feeding it
    /// a prediction of one row a token, `[T]`.
    static List<Prediction[]> all(CaseUnderTest subject, int[] tokens) {
        List<Prediction[]> all = new ArrayList<>();
        if (subject.capabilities().contains(Capability.ALL_POSITIONS)) {
            try (Session session = subject.open(tokens.length)) {
                all.add(rows(session.prefill(tokens), tokens.length));
            }
        }
        Prediction[] steps = new Prediction[tokens.length]; // [T]
        try (Session session = subject.open(tokens.length)) {
            for (int t = 0; t < tokens.length; t++) {
                steps[t] = rows(session.decode(tokens[t]), 1)[0];
            }
        }
        all.add(steps);
        return all;
    }

    /// The rows of a prediction, one by one, `[expected]`.
    ///
    /// @throws ShapeMismatchException if there are more or fewer
    private static Prediction[] rows(Prediction prediction, int expected) {
        if (prediction.rows() != expected) {
            throw new ShapeMismatchException(
                    "expected " + expected + " rows of predictions, found " + prediction.rows());
        }
        Prediction[] rows = new Prediction[expected];
        for (int t = 0; t < expected; t++) {
            rows[t] = switch (prediction) {
                case Prediction.Logits(float[][] values) -> new Prediction.Logits(new float[][] {values[t]});
                case Prediction.TopLogProbabilities(int[][] ids, float[][] logProbabilities) ->
                    new Prediction.TopLogProbabilities(new int[][] {ids[t]}, new float[][] {logProbabilities[t]});
                case Prediction.GreedyTokens(int[] ids) -> new Prediction.GreedyTokens(new int[] {ids[t]});
            };
        }
        return rows;
    }
}
