package dev.assay.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.reference.ReferenceEngine;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The engine against the reference on models too large for golden cases: one of every family, with the sizes of its
/// first golden case times three and plus one where nothing must divide them, and prompts of several panels of tokens
/// and blocks of keys.
class LargerModelsTest {
    private static final JsonMapper JSON = JsonMapper.shared();
    private static final List<String> GROWING = List.of("hidden_size", "n_embd");
    private static final List<String> GROWING_TO_ODD =
            List.of("intermediate_size", "moe_intermediate_size", "intermediate_size_mlp", "vocab_size");
    private static final int PROMPT = 203;

    static List<String> cases() {
        return Goldens.ids().stream()
                .filter(id -> id.endsWith("-base") || id.equals("llama4-scout") || id.equals("mistral-window"))
                .toList();
    }

    private static ModelConfig grown(GoldenCase golden) {
        ObjectNode root = (ObjectNode) JSON.readTree(golden.configJson());
        grow(root);
        if (root.get("text_config") instanceof ObjectNode text) {
            grow(text);
        }
        return ModelConfig.parse(JSON.writeValueAsString(root), golden.id() + ", grown");
    }

    private static void grow(ObjectNode config) {
        for (String key : GROWING) {
            if (config.has(key)) {
                config.put(key, 3 * config.get(key).asInt());
            }
        }
        for (String key : GROWING_TO_ODD) {
            JsonNode value = config.get(key);
            if (value instanceof ArrayNode sizes) {
                ArrayNode grown = config.putArray(key);
                sizes.forEach(size -> grown.add(3 * size.asInt() + 1));
            } else if (value != null) {
                config.put(key, 3 * value.asInt() + 1);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheReference(String id) {
        ModelConfig config = grown(Goldens.bundled(id));
        int length = Math.min(PROMPT, config.maxPositionEmbeddings());
        int[] tokens = new int[length];
        for (int t = 0; t < length; t++) {
            // Few enough that all have per-layer embeddings in Gemma 3n.
            tokens[t] = (t * 7919 + t * t) % 31;
        }
        SyntheticWeights weights = SyntheticWeights.forShape(config, ElementType.BF16, 11);
        try (Checkpoint checkpoint = weights.checkpoint(config)) {
            float[][] expected = prefill(new ReferenceEngine(), checkpoint, tokens, length);
            double std = std(expected);
            for (int chunk : new int[] {length, 70, 1}) {
                float[][] actual = prefill(new VectorEngine(), checkpoint, tokens, chunk);
                double squares = 0;
                double max = 0;
                long elements = 0;
                for (int t = 0; t < length; t++) {
                    for (int v = 0; v < expected[t].length; v++) {
                        double error = Math.abs((double) actual[t][v] - expected[t][v]);
                        squares += error * error;
                        max = Math.max(max, error);
                        elements++;
                    }
                }
                assertThat(elements).isEqualTo((long) length * config.vocabSize());
                // The rule for a golden without a yardstick, docs/decisions/0003.
                assertThat(Math.sqrt(squares / elements) / std)
                        .as("rms, chunks of %d", chunk)
                        .isLessThan(2e-5);
                assertThat(max / std).as("largest error, chunks of %d", chunk).isLessThan(2e-4);
            }
        }
    }

    private static float[][] prefill(Engine engine, Checkpoint checkpoint, int[] tokens, int chunk) {
        float[][] logits = new float[tokens.length][]; // [T][V]
        try (Model model = engine.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            for (int start = 0; start < tokens.length; start += chunk) {
                int[] part = Arrays.copyOfRange(tokens, start, Math.min(tokens.length, start + chunk));
                Prediction.Logits rows = (Prediction.Logits) session.prefill(part);
                System.arraycopy(rows.values(), 0, logits, start, part.length);
            }
        }
        return logits;
    }

    private static double std(float[][] rows) {
        double sum = 0;
        double squares = 0;
        long count = 0;
        for (float[] row : rows) {
            for (float value : row) {
                sum += value;
                squares += (double) value * value;
                count++;
            }
        }
        return Math.sqrt(squares / count - sum / count * (sum / count));
    }
}
