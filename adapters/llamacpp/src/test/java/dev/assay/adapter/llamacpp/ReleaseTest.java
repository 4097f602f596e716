package dev.assay.adapter.llamacpp;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.golden.Goldens;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the older release does not do.
class ReleaseTest {
    @ParameterizedTest
    @CsvSource({
        "qwen3-base, b4916 is older than Qwen3",
        "smollm3-base, b4916 is older than SmolLM3",
        "deepseek-r1-base, b4916 reads DeepSeek as it was written before April 2025",
        "gemma3-base, rope_local_base_freq: b4916 takes 10000",
        "gemma3-scaled, layer_types: b4916 takes a full layer in every sixth place"
    })
    void b4916SaysWhatItLacks(String id, String reason) {
        assertThat(Release.B4916.lacks(Goldens.configOf(id))).contains(reason);
    }

    @ParameterizedTest
    @CsvSource({"llama3-base", "gpt2-base", "olmo2-yarn", "mistral3-wrapper"})
    void b4916RunsWhatItKnows(String id) {
        assertThat(Release.B4916.lacks(Goldens.configOf(id))).isEmpty();
    }
}
