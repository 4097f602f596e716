package dev.assay.conformance.suite;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointLayout;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.HiddenActivation;
import dev.assay.config.ModelConfig;
import dev.assay.config.Qwen3MoeConfig;
import dev.assay.config.RopeParameters;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.golden.FloatError;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.golden.Oracle;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Random;
import java.util.TreeMap;

/// A stand-in for a language model: every value is a fixed function of the tokens so far. It lets the suite be
/// tested with engines whose faults are known, and no arithmetic of a real model in between. Its second layer has
/// experts, and both have a window shorter than the longest prompt.
public final class ToyModel {
    public static final int VOCAB_SIZE = 11;
    public static final int HIDDEN_SIZE = 7;
    public static final int LAYERS = 2;
    public static final int EXPERTS = 8;
    public static final int WINDOW = 6;
    static final ModelConfig CONFIG = new Qwen3MoeConfig(
            VOCAB_SIZE,
            HIDDEN_SIZE,
            5,
            3,
            LAYERS,
            4,
            2,
            4,
            EXPERTS,
            2,
            true,
            1,
            List.of(0),
            HiddenActivation.SILU,
            64,
            1e-6,
            true,
            false,
            WINDOW,
            new RopeParameters.Default(10_000));

    private ToyModel() {}

    /// A case with prompts of 1, 2 and 18 tokens.
    public static GoldenCase golden() {
        Map<TapPoint, FloatError> yardsticks = new HashMap<>();
        yardsticks.put(TapPoint.LOGITS, new FloatError(1e-7, 4e-7));
        for (int layer = 0; layer <= LAYERS; layer++) {
            yardsticks.put(TapPoint.of(Tap.HIDDEN, layer), new FloatError(1e-7, 4e-7));
        }
        return new GoldenCase(
                "toy",
                "toy",
                CONFIG,
                "{}",
                new Oracle("toy", "1", "float64", "none"),
                "",
                List.of(prompt("one", 4), prompt("two", 4, 9), longPrompt()),
                yardsticks,
                "00",
                NoWeights::new);
    }

    private static GoldenPrompt longPrompt() {
        int[] tokens = new Random(1).ints(18, 0, VOCAB_SIZE).toArray();
        return prompt("long", tokens);
    }

    private static GoldenPrompt prompt(String id, int... tokens) {
        double[][] logits = new double[tokens.length][]; // [T][V]
        NavigableMap<TapPoint, double[][]> taps = new TreeMap<>();
        int[][] experts = new int[tokens.length][]; // [T][k]
        for (int t = 0; t < tokens.length; t++) {
            int[] prefix = Arrays.copyOf(tokens, t + 1);
            logits[t] = values(prefix, TapPoint.LOGITS);
            experts[t] = experts(prefix);
            for (int layer = 0; layer <= LAYERS; layer++) {
                TapPoint point = TapPoint.of(Tap.HIDDEN, layer);
                taps.computeIfAbsent(point, _ -> new double[tokens.length][])[t] = values(prefix, point);
            }
        }
        int[] greedy = new int[3];
        int[] sequence = tokens;
        for (int i = 0; i < greedy.length; i++) {
            greedy[i] = argmax(values(sequence, TapPoint.LOGITS));
            sequence = append(sequence, greedy[i]);
        }
        return new GoldenPrompt(id, tokens, greedy, new double[] {1, 1, 1}, logits, taps, Map.of(1, experts));
    }

    /// The value of a place after these tokens, `[V]` or `[D]`.
    static double[] values(int[] prefix, TapPoint point) {
        Random random =
                new Random(Arrays.hashCode(prefix) * 31L + point.toString().hashCode());
        return random.doubles(point.equals(TapPoint.LOGITS) ? VOCAB_SIZE : HIDDEN_SIZE, -2, 2)
                .toArray();
    }

    /// The experts of the last token, `[k]`.
    static int[] experts(int[] prefix) {
        int first = Math.floorMod(Arrays.hashCode(prefix), EXPERTS);
        return new int[] {first, (first + 3) % EXPERTS};
    }

    /// Values rounded to float32, as an engine returns them.
    public static float[][] floats(double[][] rows) {
        float[][] floats = new float[rows.length][];
        for (int t = 0; t < rows.length; t++) {
            floats[t] = floats(rows[t]);
        }
        return floats;
    }

    static float[] floats(double[] row) {
        float[] floats = new float[row.length];
        for (int i = 0; i < row.length; i++) {
            floats[i] = (float) row[i];
        }
        return floats;
    }

    static int[] append(int[] tokens, int token) {
        int[] longer = Arrays.copyOf(tokens, tokens.length + 1);
        longer[tokens.length] = token;
        return longer;
    }

    private static int argmax(double[] row) {
        int best = 0;
        for (int i = 1; i < row.length; i++) {
            if (row[i] > row[best]) {
                best = i;
            }
        }
        return best;
    }

    /// A checkpoint that names its tensors and has no values for them, as the model needs none.
    private static final class NoWeights implements Checkpoint {
        @Override
        public ModelConfig config() {
            return CONFIG;
        }

        @Override
        public String source() {
            return "toy";
        }

        @Override
        public List<TensorInfo> tensors() {
            return CheckpointLayout.of(CONFIG).stream()
                    .map(spec -> new TensorInfo(spec.name(), ElementType.BF16, spec.shape()))
                    .toList();
        }

        @Override
        public boolean contains(String name) {
            return false;
        }

        @Override
        public Tensor tensor(String name, int... shape) {
            throw new IllegalArgumentException("the toy model needs no weights, asked for " + name);
        }

        @Override
        public List<SkippedTensor> skipped() {
            return List.of();
        }

        @Override
        public void close() {}
    }
}
