package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/// Published files mean what HF's configuration classes, version 5.18.0, make of them.
class PublishedConfigTest {
    private static final String DEFAULT = "default ";

    private static final JsonNode EXPECTED = Configs.expected();

    static List<String> models() {
        return entries().filter(name -> !name.startsWith(DEFAULT)).toList();
    }

    static List<String> modelTypes() {
        return entries()
                .filter(name -> name.startsWith(DEFAULT))
                .map(name -> name.substring(DEFAULT.length()))
                .toList();
    }

    private static Stream<String> entries() {
        return EXPECTED.propertyNames().stream();
    }

    @ParameterizedTest
    @MethodSource("models")
    void publishedFileMeansWhatHuggingFaceReads(String model) {
        assertSame(Configs.parse(Configs.published(model)), EXPECTED.get(model));
    }

    @ParameterizedTest
    @MethodSource("modelTypes")
    void absentKeysHaveTheDefaultsOfTheHuggingFaceClass(String modelType) {
        assertSame(Configs.parse(Configs.minimal(modelType)), EXPECTED.get(DEFAULT + modelType));
    }

    @Test
    void everyModelTypeHasItsDefaultsChecked() {
        assertThat(modelTypes()).containsExactlyInAnyOrderElementsOf(HfConfigReader.modelTypes());
        assertThat(models()).hasSize(34);
    }

    /// Published files of families that are not modelled: each must be refused, and say what it is.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "deepseek-v3.2",
                "deepseek-v4-flash",
                "gemma-4-26b-a4b",
                "gemma-4-31b",
                "gemma-4-e2b",
                "gemma-4-e4b",
                "glm-4.5",
                "glm-4.5-air",
                "glm-5",
                "gpt-oss-120b",
                "gpt-oss-20b",
                "grok-2.5",
                "kimi-linear-48b-a3b",
                "minimax-m1",
                "minimax-m2",
                "nemotron-3-nano-30b-a3b",
                "nemotron-3-super-120b-a12b",
                "olmo-3-32b",
                "olmo-3-7b",
                "qwen3-next-80b-a3b",
                "qwen3.5-122b-a10b",
                "qwen3.5-27b",
                "qwen3.5-35b-a3b",
                "qwen3.5-397b-a17b"
            })
    void otherFamilyIsRefusedByName(String model) {
        String file = Configs.published(model);
        String modelType = Configs.JSON.readTree(file).get("model_type").stringValue();
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Configs.parse(file))
                .withMessageStartingWith(
                        "test.json: key \"model_type\": found \"" + modelType + "\", expected one of [deepseek_v2, ");
    }

    private static void assertSame(ModelConfig config, JsonNode expected) {
        JsonNode actual = Configs.tree(config);
        assertThat(actual.propertyNames()).containsExactlyInAnyOrderElementsOf(expected.propertyNames());
        for (String component : expected.propertyNames()) {
            assertThat(actual.get(component)).as(component).isEqualTo(expected.get(component));
        }
    }
}
