package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvFileSource;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

/// Files of models that also see or hear: the decoder inside is what counts.
class WrapperTest {
    @ParameterizedTest
    @CsvSource({
        "gemma3, gemma-3-27b",
        "gemma3n, gemma-3n-e4b",
        "llama4, llama-4-maverick",
        "mistral3, mistral-small-3.1-24b"
    })
    void wrappedDecoderIsTheSameAsTheBareOne(String modelType, String model) {
        assertThat(Configs.parse(wrapped(modelType, model))).isEqualTo(Configs.parse(Configs.published(model)));
    }

    /// As published: HF's class fills in what the file leaves out, such as all that it says about heads.
    @Test
    void sparseGemma3IsFilledFromTheClass() {
        ModelConfig config = Configs.parse("""
            {"model_type": "gemma3", "architectures": ["Gemma3ForConditionalGeneration"],
             "boi_token_index": 255999, "eoi_token_index": 256000, "eos_token_id": [1, 106],
             "image_token_index": 262144, "initializer_range": 0.02, "mm_tokens_per_image": 256,
             "text_config": {"hidden_size": 2560, "intermediate_size": 10240, "model_type": "gemma3_text",
               "num_hidden_layers": 34, "rope_scaling": {"factor": 8.0, "rope_type": "linear"},
               "sliding_window": 1024},
             "torch_dtype": "bfloat16", "transformers_version": "4.50.0.dev0", "vision_config": {"hidden_size": 1152}}
            """);
        assertThat(config).isEqualTo(Configs.parse(Configs.published("gemma-3-4b")));
    }

    /// As published: silent about tying, although HF's class for the wrapper would tie.
    @Test
    void mistralSmall31KeepsItsHead() {
        String file = wrapped("mistral3", "mistral-small-3.1-24b");
        String silent = Configs.with(file, "text_config.tie_word_embeddings", "absent");
        assertThat(Configs.parse(silent).tieWordEmbeddings()).isFalse();
        assertThat(Configs.parse(silent)).isEqualTo(Configs.parse(file));
    }

    @Test
    void mistralInsideAWrapperIsMistralSmallWhateverItsWindow() {
        String file = Configs.with(wrapped("mistral3", "mistral-small-3.1-24b"), "text_config.sliding_window", "4096");
        assertThat(Configs.parse(file))
                .isInstanceOfSatisfying(
                        MistralConfig.class,
                        config -> assertThat(config.slidingWindow()).isEqualTo(4096))
                .extracting(ModelConfig::architecture)
                .isEqualTo(Architecture.MISTRAL_SMALL_3_1);
    }

    @Test
    void tyingMayStandOutside() {
        String file = Configs.with(
                Configs.with(wrapped("gemma3", "gemma-3-4b"), "text_config.tie_word_embeddings", "absent"),
                "tie_word_embeddings",
                "false");
        assertThat(Configs.parse(file).tieWordEmbeddings()).isFalse();
    }

    /// Each row changes one value of Gemma 3 4B inside its wrapper: `key | JSON or absent | complaint`.
    @ParameterizedTest(name = "{0} = {1}")
    @CsvFileSource(resources = "refused-wrapped.psv", delimiter = '|', quoteCharacter = '`')
    void contradictionIsRefusedWithItsPath(String key, String value, String complaint) {
        String file = Configs.with(wrapped("gemma3", "gemma-3-4b"), key, value);
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse(file))
                .withMessage("test.json: " + complaint);
    }

    private static String wrapped(String modelType, String model) {
        ObjectNode wrapper = Configs.JSON.createObjectNode();
        wrapper.put("model_type", modelType);
        wrapper.set("text_config", Configs.JSON.readTree(Configs.published(model)));
        wrapper.set("vision_config", Configs.JSON.createObjectNode().put("hidden_size", 3));
        return Configs.JSON.writeValueAsString(wrapper);
    }
}
