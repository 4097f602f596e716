package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// A configuration is written so that it is read as an equal one.
class HfConfigWriterTest {
    static List<String> published() {
        return PublishedConfigTest.models();
    }

    static Stream<String> saved() {
        return SavedConfigTest.saved().stream();
    }

    static List<String> modelTypes() {
        return PublishedConfigTest.modelTypes();
    }

    @ParameterizedTest
    @MethodSource("published")
    void writesPublishedConfigurations(String model) {
        assertSurvives(Configs.parse(Configs.published(model)));
    }

    @ParameterizedTest
    @MethodSource("saved")
    void writesConfigurationsOfTheNewerStyle(String name) {
        assertSurvives(Configs.parse(SavedConfigTest.file(name)));
    }

    @ParameterizedTest
    @MethodSource("modelTypes")
    void writesTheDefaultsOfEveryModelType(String modelType) {
        assertSurvives(Configs.parse(Configs.minimal(modelType)));
    }

    /// What no published file has: a window in Mistral Small 3.1, a scaling of Gemma's sliding layers, YaRN with
    /// all it may have, GPT-2's other activation.
    @ParameterizedTest
    @MethodSource("handMade")
    void writesWhatNoPublishedFileHas(String json) {
        assertSurvives(Configs.parse(json));
    }

    static List<String> handMade() {
        return List.of("""
                {"model_type": "mistral3", "text_config": {"model_type": "mistral", "sliding_window": 7}}
                """, """
                {"model_type": "gemma3_text", "rope_parameters": {
                    "full_attention": {"rope_type": "linear", "rope_theta": 5e5, "factor": 8},
                    "sliding_attention": {"rope_type": "linear", "rope_theta": 300, "factor": 2}}}
                """, """
                {"model_type": "deepseek_v3", "rope_theta": 300, "rope_scaling": {"rope_type": "yarn", "factor": 3.5,
                    "beta_fast": 30, "beta_slow": 2, "original_max_position_embeddings": 17, "mscale": 0.7,
                    "mscale_all_dim": 0.9, "attention_factor": 1.25, "truncate": false}}
                """, """
                {"model_type": "gpt2", "activation_function": "gelu", "n_inner": 7, "tie_word_embeddings": false}
                """, """
                {"model_type": "qwen3", "use_sliding_window": true, "sliding_window": 5, "num_hidden_layers": 2,
                    "layer_types": ["sliding_attention", "full_attention"]}
                """);
    }

    @Test
    void usesTheKeysThatEnginesOfEveryAgeRead() {
        JsonNode llama = Configs.JSON.readTree(
                Configs.parse(Configs.published("llama-3.1-8b")).toJson());

        assertThat(llama.get("architectures").get(0).asString()).isEqualTo("LlamaForCausalLM");
        assertThat(llama.get("rope_theta").asDouble()).isEqualTo(500_000);
        assertThat(llama.get("rope_scaling").get("rope_type").asString()).isEqualTo("llama3");
        assertThat(llama.has("rope_parameters")).isFalse();
    }

    private static void assertSurvives(ModelConfig config) {
        String json = config.toJson();
        assertThat(ModelConfig.parse(json, "written")).as(json).isEqualTo(config);
    }
}
