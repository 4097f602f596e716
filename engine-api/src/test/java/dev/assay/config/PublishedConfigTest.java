package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
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
        assertSame(Configs.parse("{\"model_type\": \"" + modelType + "\"}"), EXPECTED.get(DEFAULT + modelType));
    }

    @Test
    void everyModelTypeHasItsDefaultsChecked() {
        assertThat(modelTypes()).containsExactlyInAnyOrder("llama", "qwen3", "deepseek_v3", "kimi_k2");
        assertThat(models()).hasSize(12);
    }

    private static void assertSame(ModelConfig config, JsonNode expected) {
        JsonNode actual = Configs.tree(config);
        assertThat(actual.propertyNames()).containsExactlyInAnyOrderElementsOf(expected.propertyNames());
        for (String component : expected.propertyNames()) {
            assertThat(actual.get(component)).as(component).isEqualTo(expected.get(component));
        }
    }
}
