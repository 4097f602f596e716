package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.ModelConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

class CheckpointLayoutTest {
    /// What the published checkpoints hold, from Hugging Face 4.57.6, which keeps one tensor an expert.
    private static final JsonNode PUBLISHED = Fixtures.json("published-layouts.json");

    static Set<String> models() {
        return PUBLISHED.propertyNames().stream().collect(Collectors.toSet());
    }

    @ParameterizedTest
    @MethodSource("models")
    void layoutIsThatOfThePublishedCheckpoint(String model) {
        ModelConfig config = Fixtures.published(model);
        Map<String, List<Integer>> layout = new TreeMap<>();
        for (TensorSpec spec : CheckpointLayout.of(config)) {
            layout.put(spec.name(), spec.shape());
        }

        assertThat(layout).isEqualTo(published(PUBLISHED.get(model).get("tensors"), config));
        assertThat(CheckpointLayout.of(config)).hasSameSizeAs(layout.keySet());
    }

    private static Map<String, List<Integer>> published(JsonNode rows, ModelConfig config) {
        int experts = config instanceof DeepSeekV3Config deepSeek ? deepSeek.nRoutedExperts() : 0;
        Map<String, List<Integer>> tensors = new TreeMap<>();
        for (JsonNode row : rows) {
            String name = row.get("name").asString();
            List<Integer> shape = new ArrayList<>();
            row.get("shape").forEach(size -> shape.add(size.asInt()));
            if (row.get("layers").isNull()) {
                tensors.put(name, shape);
                continue;
            }
            String[] layers = row.get("layers").asString().split("-", -1);
            for (int i = Integer.parseInt(layers[0]); i <= Integer.parseInt(layers[layers.length - 1]); i++) {
                String ofLayer = name.replace("{i}", Integer.toString(i));
                if (!ofLayer.contains("{e}")) {
                    tensors.put(ofLayer, shape);
                    continue;
                }
                for (int e = 0; e < experts; e++) {
                    tensors.put(ofLayer.replace("{e}", Integer.toString(e)), shape);
                }
            }
        }
        return tensors;
    }

    @ParameterizedTest
    @MethodSource("models")
    void parametersAddUpToThePublishedCount(String model) {
        long parameters = 0;
        long correctionBiases = 0;
        for (TensorSpec spec : CheckpointLayout.of(Fixtures.published(model))) {
            if (spec.role() == TensorRole.CORRECTION_BIAS) {
                correctionBiases += spec.elements();
            } else {
                parameters += spec.elements();
            }
        }

        assertThat(parameters).isEqualTo(PUBLISHED.get(model).get("parameters").asLong());
        // Buffers, not parameters, in HF.
        assertThat(correctionBiases)
                .isEqualTo(PUBLISHED.get(model).get("persistent_buffers").asLong());
    }

    @Test
    void biasesAreWhereHuggingFaceHasThem() {
        assertThat(names(Fixtures.LLAMA_3, TensorRole.BIAS))
                .containsExactly(
                        "self_attn.q_proj.bias",
                        "self_attn.k_proj.bias",
                        "self_attn.v_proj.bias",
                        "self_attn.o_proj.bias",
                        "mlp.gate_proj.bias",
                        "mlp.up_proj.bias",
                        "mlp.down_proj.bias");
        assertThat(names(Fixtures.QWEN_3.replace("\"tie_", "\"attention_bias\": true, \"tie_"), TensorRole.BIAS))
                .containsExactly(
                        "self_attn.q_proj.bias",
                        "self_attn.k_proj.bias",
                        "self_attn.v_proj.bias",
                        "self_attn.o_proj.bias");
        String biased = Fixtures.DEEPSEEK_V3.replace("\"tie_", "\"attention_bias\": true, \"tie_");
        assertThat(names(biased, TensorRole.BIAS))
                .containsExactly(
                        "self_attn.q_a_proj.bias", "self_attn.kv_a_proj_with_mqa.bias", "self_attn.o_proj.bias");
        assertThat(names(biased.replace("\"q_lora_rank\": 10", "\"q_lora_rank\": null"), TensorRole.BIAS))
                .containsExactly("self_attn.kv_a_proj_with_mqa.bias", "self_attn.o_proj.bias");
    }

    /// Names in layer 0, without its prefix.
    private static List<String> names(String config, TensorRole role) {
        String layer = "model.layers.0.";
        return CheckpointLayout.of(Fixtures.config(config)).stream()
                .filter(spec -> spec.role() == role && spec.name().startsWith(layer))
                .map(spec -> spec.name().substring(layer.length()))
                .toList();
    }

    @Test
    void queriesWithoutLatentAreProjectedInOneStep() {
        List<TensorSpec> layout = CheckpointLayout.of(
                Fixtures.config(Fixtures.DEEPSEEK_V3.replace("\"q_lora_rank\": 10", "\"q_lora_rank\": null")));

        assertThat(layout)
                .contains(new TensorSpec("model.layers.0.self_attn.q_proj.weight", List.of(20, 20), TensorRole.MATRIX))
                .noneMatch(spec -> spec.name().contains("q_a_") || spec.name().contains("q_b_"));
    }

    @Test
    void configurationOfEndlessTensorsIsRefused() {
        ModelConfig config = Fixtures.config(Fixtures.DEEPSEEK_V3
                .replace("\"num_hidden_layers\": 2", "\"num_hidden_layers\": 9999")
                .replace("\"n_routed_experts\": 4", "\"n_routed_experts\": 1000000"));

        assertThatThrownBy(() -> CheckpointLayout.of(config))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("demands more than 250000 tensors");
    }
}
