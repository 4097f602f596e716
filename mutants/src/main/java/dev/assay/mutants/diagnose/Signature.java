package dev.assay.mutants.diagnose;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// What an engine computes for a case's longest prompt, in one call and then half at once and the rest token by token.
///
/// @param logits `[2 · T][V]`
record Signature(float[][] logits) {
    /// Empty if the engine throws, or returns something else than logits of every position.
    static Optional<Signature> of(Engine engine, GoldenCase golden) {
        int[] tokens = golden.longestPrompt().tokens();
        List<float[]> rows = new ArrayList<>();
        try (Checkpoint checkpoint = golden.weights().open();
                Model model = engine.load(checkpoint, LoadOptions.defaults())) {
            SessionOptions options = SessionOptions.ofContext(tokens.length);
            try (Session session = model.newSession(options)) {
                add(rows, session.prefill(tokens));
            }
            try (Session session = model.newSession(options)) {
                int half = (tokens.length + 1) / 2;
                add(rows, session.prefill(Arrays.copyOf(tokens, half)));
                for (int t = half; t < tokens.length; t++) {
                    add(rows, session.decode(tokens[t]));
                }
            }
        } catch (RuntimeException | LinkageError e) {
            // What it throws is an outcome of the suite's; here it only means that there is nothing to compare.
            return Optional.empty();
        }
        return rows.size() == 2 * tokens.length
                ? Optional.of(new Signature(rows.toArray(float[][]::new)))
                : Optional.empty();
    }

    /// What the oracle computed.
    static Signature ofOracle(GoldenCase golden) {
        double[][] logits = golden.longestPrompt().logits(); // [T][V]
        float[][] twice = new float[2 * logits.length][];
        for (int t = 0; t < twice.length; t++) {
            double[] row = logits[t % logits.length];
            twice[t] = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                twice[t][i] = (float) row[i];
            }
        }
        return new Signature(twice);
    }

    /// Copies, as the engine may write to what it returned.
    private static void add(List<float[]> rows, Prediction prediction) {
        switch (prediction) {
            case Prediction.Logits(float[][] values) -> {
                for (float[] row : values) {
                    rows.add(row.clone());
                }
            }
            case Prediction.TopLogProbabilities _, Prediction.GreedyTokens _ -> {}
        }
    }

    /// The same numbers, `[2 · T][V]`.
    double[][] toDoubles() {
        return doubles(logits);
    }

    /// Σ of squared differences; NaN if the shapes differ.
    double distance(Signature other) {
        double squares = 0;
        for (int t = 0; t < logits.length; t++) {
            if (logits[t].length != other.logits[t].length) {
                return Double.NaN;
            }
            for (int i = 0; i < logits[t].length; i++) {
                double difference = (double) logits[t][i] - other.logits[t][i];
                squares += difference * difference;
            }
        }
        return squares;
    }

    /// The same numbers.
    static double[][] doubles(float[][] rows) {
        double[][] doubles = new double[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            doubles[t] = new double[rows[t].length];
            for (int i = 0; i < rows[t].length; i++) {
                doubles[t][i] = rows[t][i];
            }
        }
        return doubles;
    }
}
