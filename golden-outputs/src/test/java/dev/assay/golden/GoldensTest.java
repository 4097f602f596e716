package dev.assay.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The bundled cases, as they are packaged.
class GoldensTest {
    static Stream<String> ids() {
        return Goldens.ids().stream();
    }

    @ParameterizedTest
    @MethodSource("ids")
    void everyCaseCanBeBelievedAndItsWeightsAreThoseOfTheGenerator(String id) {
        GoldenCase golden = Goldens.bundled(id);
        WeightSource.Synthesised weights = (WeightSource.Synthesised) golden.weights();

        assertThat(golden.id()).isEqualTo(id);
        assertThat(Goldens.configOf(id)).isEqualTo(golden.config());
        assertThat(golden.oracle().dtype()).isEqualTo("float64");
        assertThat(golden.yardsticks()).containsKey(TapPoint.LOGITS);
        assertThat(weights.weights().sha256())
                .as("the file that Java synthesises is the file that the oracle read")
                .isEqualTo(weights.sha256());
        try (Checkpoint checkpoint = weights.open()) {
            assertThat(checkpoint.tensors()).isNotEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("ids")
    void everyCaseHasPromptsOfOneTokenAndOfMany(String id) {
        GoldenCase golden = Goldens.bundled(id);

        assertThat(golden.prompts()).anyMatch(prompt -> prompt.tokens().length == 1);
        assertThat(golden.prompts()).anyMatch(prompt -> prompt.tokens().length > 16);
    }

    @ParameterizedTest
    @MethodSource("ids")
    void onePromptOfEveryCaseHasEveryTapOfEveryLayer(String id) {
        GoldenCase golden = Goldens.bundled(id);

        assertThat(golden.prompts()).anySatisfy(prompt -> {
            for (int layer = 0; layer < golden.config().numHiddenLayers(); layer++) {
                for (Tap tap : new Tap[] {
                    Tap.HIDDEN,
                    Tap.ATTENTION_INPUT,
                    Tap.CONTEXT,
                    Tap.ATTENTION,
                    Tap.FEED_FORWARD_INPUT,
                    Tap.FEED_FORWARD
                }) {
                    assertThat(prompt.taps()).containsKey(TapPoint.of(tap, layer));
                    assertThat(golden.yardsticks()).containsKey(TapPoint.of(tap, layer));
                }
            }
            assertThat(prompt.taps())
                    .containsKey(TapPoint.of(Tap.HIDDEN, golden.config().numHiddenLayers()));
        });
    }

    @Test
    void anUnknownCaseIsAnError() {
        assertThatThrownBy(() -> Goldens.bundled("gpt-9"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("no golden case is named gpt-9");
        assertThat(Goldens.modelTypeOf("gpt-9")).isEmpty();
        assertThat(Goldens.modelTypeOf("kimi-k2-base")).contains("kimi_k2");
    }
}
