package dev.assay.perf.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Gemma3nConfig;
import dev.assay.config.Llama4Config;
import dev.assay.config.ModelConfig;
import dev.assay.config.SmolLm3Config;
import dev.assay.golden.PublishedModel;
import dev.assay.plan.planner.Planners;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class LayerSliceTest {
    private static PublishedModel published(String name) {
        return PublishedModel.all().stream()
                .filter(model -> model.name().equals(name))
                .findFirst()
                .orElseThrow();
    }

    private static ModelConfig whole(PublishedModel model) {
        return ModelConfig.parse(model.configJson(), model.name());
    }

    private static ModelConfig slice(String name, int layers) {
        PublishedModel model = published(name);
        return ModelConfig.parse(LayerSlice.of(model.configJson(), whole(model), layers), name);
    }

    static List<String> planned() {
        return PublishedModel.all().stream()
                .filter(model -> model.factsOnly() == null)
                .map(PublishedModel::name)
                .toList();
    }

    /// The first layers of a slice are those of the whole model, record by record; so are embedding and head.
    @ParameterizedTest
    @MethodSource("planned")
    void theLayersOfASliceAreThoseOfTheModel(String name) {
        var whole = Planners.plan(whole(published(name)));
        for (int layers : List.of(4, 7, whole.layers().size() - 1)) {
            var slice = Planners.plan(slice(name, layers));
            assertThat(slice.layers())
                    .as("%d layers", layers)
                    .isEqualTo(whole.layers().subList(0, layers));
            assertThat(slice.embedding()).isEqualTo(whole.embedding());
            assertThat(slice.head()).isEqualTo(whole.head());
            assertThat(slice.residualStream()).isEqualTo(whole.residualStream());
        }
    }

    @Test
    void keepsAsManyLeadingDenseLayersAsLeaveOneWithExperts() {
        for (int layers = 2; layers <= 5; layers++) {
            int all = layers;
            assertThat(slice("deepseek-v3", layers)).isInstanceOfSatisfying(DeepSeekV3Config.class, config -> {
                assertThat(config.numHiddenLayers()).isEqualTo(all);
                assertThat(config.firstKDenseReplace()).isEqualTo(Math.min(3, all - 1));
            });
        }
    }

    @Test
    void cutsListsOfEntriesAndListsOfLayers() {
        assertThat(slice("smollm3-3b", 7))
                .isInstanceOfSatisfying(
                        SmolLm3Config.class,
                        config -> assertThat(config.positionEncodings()).hasSize(7));
        assertThat(slice("llama-4-maverick", 6))
                .isInstanceOfSatisfying(
                        Llama4Config.class,
                        config -> assertThat(config.moeLayers()).containsExactly(1, 3, 5));
    }

    @ParameterizedTest
    @CsvSource({"35, 15", "34, 14", "21, 1", "20, 0", "3, 0"})
    void sharesKeysAndValuesWhereTheWholeModelDoes(int layers, int shared) {
        assertThat(slice("gemma-3n-e4b", layers))
                .isInstanceOfSatisfying(
                        Gemma3nConfig.class,
                        config -> assertThat(config.numKvSharedLayers()).isEqualTo(shared));
    }

    @ParameterizedTest
    @CsvSource({"0", "-1", "29"})
    void refusesLayersThatThereAreNot(int layers) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> slice("qwen3-0.6b", layers))
                .withMessage("expected 1 to 28 layers, found " + layers);
    }

    @Test
    void refusesASliceWithoutExpertsOfAModelThatHasSome() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> slice("deepseek-v3", 1))
                .withMessage("expected 2 to 61 layers, because layer 2 is the first with experts, found 1");
    }
}
