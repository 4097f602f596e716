package dev.assay.cuda;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Engine;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Whether the logits of the model that is measured are those of another engine that has the same weights.
sealed interface Agreement {
    /// The engine to compare with: it shares the plan with this one, and no kernel.
    String OTHER = "vector";

    /// How far the logits are from the other engine's.
    ///
    /// @param tokens of the prompt, whose positions are all compared
    /// @param prefill of all tokens at once
    /// @param decode of the first token by prefill and the others one by one
    record Compared(String engine, KvCacheType kvCache, int tokens, Distance prefill, Distance decode)
            implements Agreement {}

    /// No logits were compared, for that reason.
    record NotChecked(String reason) implements Agreement {}

    /// How far logits are from others: what the suite's `Difference` calls rms and max, in units of what its
    /// `Scale` calls the deviation. Without a yardstick the suite allows 2e-5 and 2e-4 for a float32 cache; one of
    /// bfloat16 can round a last bit of the activations into its own.
    ///
    /// @param rms of all numbers of all positions; NaN if one is NaN, and so the next
    /// @param max of them
    /// @param sameArgmax positions whose greatest logit is at the same token
    record Distance(double rms, double max, int sameArgmax) {
        /// @param expected `[T][V]`
        /// @param actual `[T][V]`
        static Distance of(float[][] expected, float[][] actual) {
            double sum = 0;
            double squares = 0;
            double squaredErrors = 0;
            double max = 0;
            long count = 0;
            int same = 0;
            for (int t = 0; t < expected.length; t++) {
                for (int i = 0; i < expected[t].length; i++) {
                    double error = Math.abs((double) actual[t][i] - expected[t][i]);
                    sum += expected[t][i];
                    squares += (double) expected[t][i] * expected[t][i];
                    squaredErrors += error * error;
                    max = Math.max(max, error); // NaN if either is
                }
                count += expected[t].length;
                same += argmax(expected[t]) == argmax(actual[t]) ? 1 : 0;
            }
            double mean = sum / count;
            double deviation = Math.sqrt(Math.max(0, squares / count - mean * mean));
            return new Distance(Math.sqrt(squaredErrors / count) / deviation, max / deviation, same);
        }
    }

    /// Compares a model with the engine [#OTHER].
    ///
    /// @param model that is measured
    /// @param checkpoint whose weights it has
    /// @param weightBytes of the checkpoint
    /// @param maxWeightBytes up to which the other engine is asked
    /// @param tokens at least one
    static Agreement check(
            Iterable<Engine> engines,
            Model model,
            Checkpoint checkpoint,
            KvCacheType kvCache,
            long weightBytes,
            long maxWeightBytes,
            int[] tokens) {
        Optional<Engine> found = find(engines);
        if (found.isEmpty()) {
            return new NotChecked("no engine has the id " + OTHER);
        }
        if (weightBytes > maxWeightBytes) {
            return new NotChecked(
                    "weights of " + (weightBytes >> 20) + " MiB, checked up to " + (maxWeightBytes >> 20));
        }
        Engine other = found.get();
        if (other.supports(checkpoint.config()) instanceof Support.Unsupported(String reason)) {
            return new NotChecked(OTHER + ": " + reason);
        }
        float[][] prefill = prefill(model, tokens); // [T][V]
        float[][] decode = decode(model, tokens); // [T][V]
        LoadOptions options = new LoadOptions(Runtime.getRuntime().availableProcessors(), kvCache);
        try (Model others = other.load(checkpoint, options)) {
            return new Compared(
                    OTHER,
                    kvCache,
                    tokens.length,
                    Distance.of(prefill(others, tokens), prefill),
                    Distance.of(decode(others, tokens), decode));
        } catch (RuntimeException e) { // What the other engine cannot do says nothing about this one.
            return new NotChecked(OTHER + ": " + e);
        }
    }

    private static Optional<Engine> find(Iterable<Engine> engines) {
        for (Engine engine : engines) {
            if (engine.info().id().equals(OTHER)) {
                return Optional.of(engine);
            }
        }
        return Optional.empty();
    }

    private static float[][] prefill(Model model, int[] tokens) {
        try (Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            return logits(session.prefill(tokens));
        }
    }

    private static float[][] decode(Model model, int[] tokens) {
        List<float[]> rows = new ArrayList<>();
        try (Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            rows.add(logits(session.prefill(Arrays.copyOf(tokens, 1)))[0]);
            for (int t = 1; t < tokens.length; t++) {
                rows.add(logits(session.decode(tokens[t]))[0]);
            }
        }
        return rows.toArray(float[][]::new);
    }

    private static float[][] logits(Prediction prediction) {
        return ((Prediction.Logits) prediction).values();
    }

    /// The index of the greatest value, of equal ones the first.
    static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }
}
