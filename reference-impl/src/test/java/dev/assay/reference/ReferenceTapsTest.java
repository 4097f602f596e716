package dev.assay.reference;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Llama3Config;
import dev.assay.config.ModelConfig;
import dev.assay.config.Qwen3Config;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Tap;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.reference.math.ScalarMath;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What the reference reports while it computes.
class ReferenceTapsTest {
    private static final int[] PROMPT = TinyModels.prompt(7);

    /// Copies what it is given.
    private static final class Recorder implements TapListener {
        final List<TapPoint> order = new ArrayList<>();
        final Map<TapPoint, float[][]> values = new HashMap<>(); // each [T][width]
        final Map<Integer, int[][]> experts = new TreeMap<>(); // each [T][k]

        @Override
        public void on(TapPoint point, float[][] rows) {
            order.add(point);
            float[][] copy = new float[rows.length][]; // [T][width]
            for (int t = 0; t < rows.length; t++) {
                copy[t] = rows[t].clone();
            }
            values.put(point, copy);
        }

        @Override
        public void onRoutedExperts(int layer, int[][] chosen) {
            int[][] copy = new int[chosen.length][]; // [T][k]
            for (int t = 0; t < chosen.length; t++) {
                copy[t] = chosen[t].clone();
            }
            experts.put(layer, copy);
        }

        float[][] at(Tap tap, int layer) {
            return Objects.requireNonNull(values.get(TapPoint.of(tap, layer)));
        }
    }

    static List<ModelConfig> configs() {
        return TinyModels.all();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void everyPlaceIsReportedOnceInTheOrderOfTheComputation(ModelConfig config) {
        Recorder recorder = new Recorder();
        run(config, recorder);
        List<TapPoint> expected = new ArrayList<>();
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            for (Tap tap : Tap.values()) {
                if (tap != Tap.LOGITS && (tap != Tap.ROUTER_LOGITS || hasExperts(config, i))) {
                    expected.add(TapPoint.of(tap, i));
                }
            }
        }
        expected.add(TapPoint.of(Tap.HIDDEN, config.numHiddenLayers()));
        expected.add(TapPoint.LOGITS);
        assertThat(recorder.order).isEqualTo(expected).isSorted();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void shapesAreThoseOfTheVocabulary(ModelConfig config) {
        Recorder recorder = new Recorder();
        run(config, recorder);
        recorder.values.forEach((point, rows) -> {
            int width = switch (point.tap()) {
                case HIDDEN, ATTENTION_INPUT, ATTENTION, FEED_FORWARD_INPUT, FEED_FORWARD -> config.hiddenSize();
                case CONTEXT -> contextWidth(config);
                case ROUTER_LOGITS -> ((DeepSeekV3Config) config).nRoutedExperts();
                case LOGITS -> config.vocabSize();
            };
            assertThat(rows).as(point.toString()).hasDimensions(PROMPT.length, width);
        });
    }

    @ParameterizedTest
    @MethodSource("configs")
    void theOutputsOfBothHalvesAreAddedToTheHiddenState(ModelConfig config) {
        Recorder recorder = new Recorder();
        run(config, recorder);
        for (int i = 0; i + 1 < config.numHiddenLayers(); i++) {
            float[][] afterAttention = ScalarMath.add(recorder.at(Tap.HIDDEN, i), recorder.at(Tap.ATTENTION, i));
            float[][] next = ScalarMath.add(afterAttention, recorder.at(Tap.FEED_FORWARD, i));
            assertThat(recorder.at(Tap.HIDDEN, i + 1)).as("layer %d", i).isDeepEqualTo(next);
        }
    }

    @ParameterizedTest
    @MethodSource("configs")
    void logitsAreThoseReturned(ModelConfig config) {
        Recorder recorder = new Recorder();
        float[][] returned = run(config, recorder); // [T][V]
        assertThat(recorder.values.get(TapPoint.LOGITS)).isDeepEqualTo(returned);
    }

    @ParameterizedTest
    @MethodSource("configs")
    void listeningChangesNothing(ModelConfig config) {
        assertThat(run(config, new Recorder())).isDeepEqualTo(run(config, TapListener.NONE));
    }

    @ParameterizedTest
    @MethodSource("configs")
    void routedExpertsAreDistinctExperts(ModelConfig config) {
        Recorder recorder = new Recorder();
        run(config, recorder);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            assertThat(recorder.experts.containsKey(i)).isEqualTo(hasExperts(config, i));
        }
        for (int[][] chosen : recorder.experts.values()) {
            assertThat(chosen).hasDimensions(PROMPT.length, TinyModels.DEEPSEEK_V3.numExpertsPerTok());
            for (int[] experts : chosen) {
                assertThat(experts).doesNotHaveDuplicates();
                for (int expert : experts) {
                    assertThat(expert).isBetween(0, TinyModels.DEEPSEEK_V3.nRoutedExperts() - 1);
                }
            }
        }
    }

    private static boolean hasExperts(ModelConfig config, int layer) {
        return config instanceof DeepSeekV3Config deepSeek && layer >= deepSeek.firstKDenseReplace();
    }

    private static int contextWidth(ModelConfig config) {
        if (config instanceof DeepSeekV3Config deepSeek) {
            return deepSeek.numAttentionHeads() * deepSeek.vHeadDim();
        }
        return config instanceof Llama3Config llama
                ? llama.numAttentionHeads() * llama.headDim()
                : ((Qwen3Config) config).numAttentionHeads() * ((Qwen3Config) config).headDim();
    }

    /// Logits of [#PROMPT], `[T][V]`.
    private static float[][] run(ModelConfig config, TapListener taps) {
        try (Checkpoint checkpoint = TinyModels.checkpoint(config);
                Model model = new ReferenceEngine().load(checkpoint, LoadOptions.defaults());
                Session session =
                        model.newSession(SessionOptions.ofContext(PROMPT.length).withTaps(taps))) {
            return ((Prediction.Logits) session.prefill(PROMPT)).values();
        }
    }
}
