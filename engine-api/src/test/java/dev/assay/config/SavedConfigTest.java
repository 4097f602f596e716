package dev.assay.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Published files that were read by HF 5.18.0 and written by it again, with every key it has, mean the same.
///
/// These are in the 5.x style: one `rope_parameters`, lists for layers, and many keys that only say the default.
/// Those of wrappers have little in their `vision_config` and `audio_config`.
class SavedConfigTest {
    /// Published files that the saved ones of other names come from.
    private static final Map<String, String> WRAPPED = Map.of(
            "gemma3", "gemma-3-27b",
            "gemma3n", "gemma-3n-e2b",
            "llama4", "llama-4-maverick",
            "mistral3", "mistral-small-3.1-24b");

    static List<String> saved() {
        return List.of(
                "deepseek-v2-lite",
                "deepseek-v3",
                "gemma-3-27b",
                "gemma-3n-e2b",
                "gemma3",
                "gemma3n",
                "gpt2-124m",
                "kimi-k2",
                "llama-3.2-1b",
                "llama-4-maverick",
                "llama4",
                "mistral-7b-v0.1",
                "mistral-small-3.1-24b",
                "mistral3",
                "olmo-2-1b",
                "qwen3-0.6b",
                "qwen3-30b-a3b",
                "smollm3-3b");
    }

    static String file(String name) {
        return Configs.resource("saved/" + name + ".json");
    }

    @ParameterizedTest
    @MethodSource("saved")
    void savedFileMeansWhatThePublishedOneDoes(String name) {
        String published = Configs.published(WRAPPED.getOrDefault(name, name));
        assertThat(file(name)).isNotEqualTo(published);
        assertThat(Configs.parse(file(name))).isEqualTo(Configs.parse(published));
    }
}
