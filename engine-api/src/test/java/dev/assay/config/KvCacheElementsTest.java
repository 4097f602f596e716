package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Expected numbers are layers × kept positions × numbers kept for each, written out.
class KvCacheElementsTest {
    @ParameterizedTest
    @CsvSource({
        // keys and values: 2 × KV heads × head dim
        "gpt2-124m, 1024, 12 * 1024 * 1536",
        "llama-3.1-8b, 4096, 32 * 4096 * 2048",
        "olmo-2-1b, 4096, 16 * 4096 * 4096",
        "qwen3-0.6b, 4096, 28 * 4096 * 2048",
        "qwen3-30b-a3b, 4096, 48 * 4096 * 1024",
        "smollm3-3b, 4096, 36 * 4096 * 1024",
        // the latent and the rotary key: 512 + 64
        "deepseek-v2-lite, 4096, 27 * 4096 * 576",
        "deepseek-v3, 131072, 61 * 131072 * 576",
        "kimi-k2, 131072, 61 * 131072 * 576",
        // a window on every layer, or on none
        "mistral-7b-v0.1, 4095, 32 * 4095 * 2048",
        "mistral-7b-v0.1, 4096, 32 * 4096 * 2048",
        "mistral-7b-v0.1, 32768, 32 * 4096 * 2048",
        "mistral-small-3.1-24b, 131072, 40 * 131072 * 2048",
        // sliding layers and full layers
        "gemma-3-1b, 512, 26 * 512 * 512",
        "gemma-3-1b, 513, 22 * 512 * 512 + 4 * 513 * 512",
        "gemma-3-27b, 131072, 52 * 1024 * 4096 + 10 * 131072 * 4096",
        // the shared layers, 10 or 15, keep nothing
        "gemma-3n-e2b, 512, 20 * 512 * 1024",
        "gemma-3n-e2b, 32768, 16 * 512 * 1024 + 4 * 32768 * 1024",
        "gemma-3n-e4b, 32768, 16 * 512 * 1024 + 4 * 32768 * 1024",
        // chunked layers begin anew after 8192 positions
        "llama-4-scout, 8192, 48 * 8192 * 2048",
        "llama-4-scout, 8193, 36 * 1 * 2048 + 12 * 8193 * 2048",
        "llama-4-scout, 12288, 36 * 4096 * 2048 + 12 * 12288 * 2048",
        "llama-4-maverick, 16384, 36 * 8192 * 2048 + 12 * 16384 * 2048",
    })
    void cacheHoldsWhatTheLastQuerySees(String model, int positions, String sum) {
        assertThat(Configs.parse(Configs.published(model)).kvCacheElements(positions))
                .isEqualTo(evaluate(sum));
    }

    /// A window that no published file switches on, here of 100 positions.
    @ParameterizedTest
    @CsvSource({
        "qwen3-30b-a3b, 99, 48 * 99 * 1024",
        "qwen3-30b-a3b, 101, 48 * 100 * 1024",
        // on every fourth layer, which has no RoPE
        "smollm3-3b, 99, 36 * 99 * 1024",
        "smollm3-3b, 101, 27 * 101 * 1024 + 9 * 100 * 1024",
    })
    void windowedLayersHoldTheWindow(String model, int positions, String sum) {
        String file = Configs.with(Configs.published(model), "use_sliding_window", "true");
        String windowed = Configs.with(Configs.with(file, "sliding_window", "100"), "layer_types", "absent");
        assertThat(Configs.parse(windowed).kvCacheElements(positions)).isEqualTo(evaluate(sum));
    }

    /// On the layers from `max_window_layers` on, which published files set to the number of layers.
    @ParameterizedTest
    @CsvSource({
        "28, 101, 28 * 101 * 2048",
        "20, 99, 28 * 99 * 2048",
        "20, 101, 20 * 101 * 2048 + 8 * 100 * 2048",
    })
    void windowedLayersOfQwen3HoldTheWindow(String maxWindowLayers, int positions, String sum) {
        String file = Configs.with(Configs.published("qwen3-0.6b"), "use_sliding_window", "true");
        String windowed = Configs.with(file, "sliding_window", "100");
        assertThat(Configs.parse(Configs.with(windowed, "max_window_layers", maxWindowLayers))
                        .kvCacheElements(positions))
                .isEqualTo(evaluate(sum));
    }

    @ParameterizedTest
    @MethodSource("dev.assay.config.PublishedConfigTest#models")
    void cacheStartsEmptyAndHasNoNegativeSize(String model) {
        ModelConfig config = Configs.parse(Configs.published(model));
        assertThat(config.kvCacheElements(0)).isZero();
        assertThat(config.kvCacheElements(1)).isPositive();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> config.kvCacheElements(-1))
                .withMessage("positions: found -1, expected at least 0");
    }

    @Test
    void sizeBeyondALongIsRefused() {
        String file = Configs.with(Configs.published("llama-3.1-8b"), "num_hidden_layers", "10000");
        String huge = Configs.with(Configs.with(file, "head_dim", "16777216"), "num_key_value_heads", "32");
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> Configs.parse(huge).kvCacheElements(Integer.MAX_VALUE));
    }

    private static long evaluate(String sum) {
        long total = 0;
        for (String term : sum.split("\\+", -1)) {
            long product = 1;
            for (String factor : term.split("\\*", -1)) {
                product *= Long.parseLong(factor.strip());
            }
            total += product;
        }
        return total;
    }
}
