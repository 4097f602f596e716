package dev.assay.conformance.suite;

import dev.assay.checkpoint.TensorInfo;
import dev.assay.conformance.compare.Difference;
import dev.assay.conformance.compare.Judge;
import dev.assay.conformance.compare.ShapeMismatchException;
import dev.assay.engine.Capability;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/// A golden case with the model under test loaded from it: what every check works on.
///
/// @param tensors of the checkpoint that the model was loaded from
record CaseUnderTest(
        Model model, GoldenCase golden, Judge judge, Set<Capability> capabilities, List<TensorInfo> tensors) {
    /// Opens a session just large enough for `positions` positions.
    Session open(int positions) {
        return model.newSession(SessionOptions.ofContext(positions));
    }

    /// Opens a session that records taps and routed experts, if the engine has either.
    Session open(int positions, TapRecorder recorder) {
        SessionOptions options = SessionOptions.ofContext(positions);
        boolean reports = capabilities.contains(Capability.TAPS) || capabilities.contains(Capability.ROUTED_EXPERTS);
        return model.newSession(reports ? options.withTaps(recorder) : options);
    }

    /// Positions of all prompts.
    long goldenPositions() {
        return golden.prompts().stream()
                .mapToLong(prompt -> prompt.tokens().length)
                .sum();
    }

    /// Logits that the golden has.
    long goldenLogits() {
        return goldenPositions() * golden.config().vocabSize();
    }

    /// Logits of the longest prompt.
    long logitsOfLongestPrompt() {
        return (long) golden.longestPrompt().tokens().length * golden.config().vocabSize();
    }

    /// Numbers that the golden has and the engine says it returns: logits, and taps if it has them.
    long goldenElements() {
        long elements = goldenLogits();
        if (capabilities.contains(Capability.TAPS)) {
            for (GoldenPrompt prompt : golden.prompts()) {
                for (double[][] rows : prompt.taps().values()) {
                    elements += (long) rows.length * rows[0].length;
                }
            }
        }
        return elements;
    }

    /// Feeds a prompt both ways: its first half in one call where the engine predicts every position of it, the
    /// rest token by token. `[tokens][V]`, copied.
    float[][] logits(Session session, int[] tokens) {
        float[][] logits = new float[tokens.length][]; // [T][V]
        int half = capabilities.contains(Capability.ALL_POSITIONS) ? (tokens.length + 1) / 2 : 0;
        if (half > 0) {
            float[][] rows = logits(session.prefill(Arrays.copyOf(tokens, half)), half); // [half][V]
            System.arraycopy(Bits.copy(rows), 0, logits, 0, half);
        }
        for (int t = half; t < tokens.length; t++) {
            logits[t] = logits(session.decode(tokens[t]), 1)[0].clone();
        }
        return logits;
    }

    /// The logits of a call that appended `tokens` tokens, `[tokens][V]`.
    ///
    /// @throws ShapeMismatchException if the engine returned another number of rows or columns
    float[][] logits(Prediction prediction, int tokens) {
        if (!(prediction instanceof Prediction.Logits(float[][] values))) {
            throw new ShapeMismatchException(
                    "declared full logits, returned " + prediction.getClass().getSimpleName());
        }
        if (values.length != tokens) {
            throw new ShapeMismatchException("expected " + tokens + " rows of logits, found " + values.length);
        }
        int vocabSize = golden.config().vocabSize();
        for (float[] row : values) {
            if (row.length != vocabSize) {
                throw new ShapeMismatchException("expected " + vocabSize + " logits, found " + row.length);
            }
        }
        return values;
    }

    /// The differences of a prompt's logits and of all taps that both sides have.
    List<Difference> differences(GoldenPrompt prompt, float[][] logits, TapRecorder recorder) {
        List<Difference> differences = new ArrayList<>();
        differences.add(Difference.measure(TapPoint.LOGITS, prompt.id(), prompt.logits(), logits));
        if (capabilities.contains(Capability.TAPS)) {
            prompt.taps().forEach((point, expected) -> {
                float[][] actual = recorder.rows(point);
                differences.add(Difference.measure(point, prompt.id(), expected, actual));
            });
        }
        return differences;
    }
}
