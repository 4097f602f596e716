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
