package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Switches that no published file turns, read as HF 5.18.0 reads them.
class HfConfigSwitchTest {
    private static final String SMOL_LM_3 = """
            {"model_type": "smollm3", "num_hidden_layers": 4, "no_rope_layers": [1, 0, 1, 0], "max_window_layers": 1,
            "use_sliding_window": true, "sliding_window": 8%s}""";

    @Test
    void windowOfSmolLm3IsOnLayersWithoutRope() {
        SmolLm3Config config = (SmolLm3Config) Configs.parse(SMOL_LM_3.formatted(""));
        assertThat(config.slidingWindow()).isEqualTo(8);
        assertThat(config.layerTypes())
                .containsExactly(AttentionType.FULL, AttentionType.SLIDING, AttentionType.FULL, AttentionType.SLIDING)
                .isUnmodifiable();
    }

    @Test
    void layerTypesOfSmolLm3Win() {
        SmolLm3Config config = (SmolLm3Config) Configs.parse(SMOL_LM_3.formatted("""
                , "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"]"""));
        assertThat(config.layerTypes())
                .containsExactly(AttentionType.SLIDING, AttentionType.FULL, AttentionType.FULL, AttentionType.SLIDING);
    }

    /// HF would give such a layer of SmolLM3 a window in its mask and none in its cache, or fail for want of a
    /// width, as it does for Qwen3.
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "smollm3 | \"use_sliding_window\": false, \"sliding_window\": 8",
                "smollm3 | \"use_sliding_window\": true",
                "qwen3 | \"use_sliding_window\": false, \"sliding_window\": 8",
                "qwen3 | \"use_sliding_window\": true, \"sliding_window\": null",
            })
    void slidingLayersNeedTheWindow(String modelType, String window) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse("""
                        {"model_type": "%s", "num_hidden_layers": 1, "layer_types": ["sliding_attention"], %s}""".formatted(modelType, window)))
                .withMessage("test.json: key \"layer_types\": found SLIDING, expected one of [FULL]");
    }

    @Test
    void chunkedLayersOfSmolLm3AreRefused() {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse("""
                        {"model_type": "smollm3", "num_hidden_layers": 1, "layer_types": ["chunked_attention"],
                        "use_sliding_window": true, "sliding_window": 8}"""))
                .withMessage("test.json: key \"layer_types\": found CHUNKED, expected one of [FULL, SLIDING]");
    }

    @Test
    void windowOfQwen3IsOnLayersFromMaxWindowLayersOn() {
        Qwen3Config config = qwen3("\"sliding_window\": 8, \"max_window_layers\": 1");
        assertThat(config.slidingWindow()).isEqualTo(8);
        assertThat(config.layerTypes())
                .containsExactly(AttentionType.FULL, AttentionType.SLIDING, AttentionType.SLIDING);
        assertThat(qwen3("\"max_window_layers\": 0").slidingWindow()).isEqualTo(4096);
        assertThat(qwen3("\"max_window_layers\": 0").layerTypes()).containsOnly(AttentionType.SLIDING);
        // HF's default is 28, beyond these three layers.
        assertThat(qwen3("\"sliding_window\": 8").layerTypes()).containsOnly(AttentionType.FULL);
        assertThat(qwen3("\"sliding_window\": null, \"max_window_layers\": 0").layerTypes())
                .containsOnly(AttentionType.FULL);
    }

    @Test
    void layerTypesOfQwen3Win() {
        assertThat(qwen3("""
                        "sliding_window": 8, "max_window_layers": 2,
                        "layer_types": ["sliding_attention", "full_attention", "sliding_attention"]""").layerTypes())
                .containsExactly(AttentionType.SLIDING, AttentionType.FULL, AttentionType.SLIDING);
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> qwen3("""
                        "sliding_window": 8,
                        "layer_types": ["chunked_attention", "full_attention", "full_attention"]"""))
                .withMessage("test.json: key \"layer_types\": found CHUNKED, expected one of [FULL, SLIDING]");
    }

    @Test
    void windowOfQwen3MoeIsOnEveryLayer() {
        assertThat(qwen3Moe("")).isEqualTo(4096);
        assertThat(qwen3Moe(", \"sliding_window\": 8, \"max_window_layers\": 1"))
                .isEqualTo(8);
        assertThat(qwen3Moe(", \"sliding_window\": 8, \"layer_types\": [\"sliding_attention\", \"sliding_attention\"]"))
                .isEqualTo(8);
        assertThat(qwen3Moe(", \"sliding_window\": null")).isNull();
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> qwen3Moe(", \"layer_types\": [\"sliding_attention\", \"full_attention\"]"))
                .withMessage("test.json: key \"layer_types\": found FULL, expected one of [SLIDING]");
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3", "qwen3_moe", "smollm3"})
    void windowWithoutPositionsIsRefused(String modelType) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse("""
                        {"model_type": "%s", "use_sliding_window": true, "sliding_window": 0}""".formatted(modelType)))
                .withMessage("test.json: key \"sliding_window\": found 0, expected a whole number above 0");
    }

    @Test
    void gpt2SaysHowItsScoresAreScaled() {
        Gpt2Config config = (Gpt2Config) Configs.parse("""
                {"model_type": "gpt2", "scale_attn_weights": false, "scale_attn_by_inverse_layer_idx": true,
                "activation_function": "gelu"}""");
        assertThat(config.scaleAttnWeights()).isFalse();
        assertThat(config.scaleAttnByInverseLayerIdx()).isTrue();
        assertThat(config.activationFunction()).isEqualTo(HiddenActivation.GELU_ERF);
    }

    private static Qwen3Config qwen3(String keys) {
        return (Qwen3Config) Configs.parse("""
                {"model_type": "qwen3", "num_hidden_layers": 3, "use_sliding_window": true, %s}""".formatted(keys));
    }

    private static @Nullable Integer qwen3Moe(String keys) {
        return ((Qwen3MoeConfig) Configs.parse("""
                {"model_type": "qwen3_moe", "num_hidden_layers": 2, "use_sliding_window": true%s}""".formatted(keys))).slidingWindow();
    }
}
