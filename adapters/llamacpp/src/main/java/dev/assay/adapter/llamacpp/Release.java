package dev.assay.adapter.llamacpp;

import dev.assay.config.AttentionType;
import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Gemma3Config;
import dev.assay.config.Gemma3nConfig;
import dev.assay.config.Gpt2Config;
import dev.assay.config.Llama3Config;
import dev.assay.config.Llama4Config;
import dev.assay.config.MistralConfig;
import dev.assay.config.ModelConfig;
import dev.assay.config.Olmo2Config;
import dev.assay.config.Qwen3Config;
import dev.assay.config.Qwen3MoeConfig;
import dev.assay.config.SmolLm3Config;
import java.util.Optional;
import java.util.stream.IntStream;

/// A release of llama.cpp whose structures are known. Its C interface passes structures by value and moves their
/// fields from release to release, so no other can be called. Sizes and offsets are in bytes, from `include/llama.h`.
enum Release {
    /// March 2025; in the jar of `de.kherud:llama:4.2.0`.
    B4916("b4916", 64, 120, 16, 52, 88, 99) {
        @Override
        Optional<String> lacks(ModelConfig config) {
            return switch (config) {
                case Gpt2Config _, Llama3Config _, MistralConfig _, Olmo2Config _ -> Optional.empty();
                case Gemma3Config gemma -> lacks(gemma);
                case DeepSeekV2Config _, DeepSeekV3Config _ ->
                    Optional.of("b4916 reads DeepSeek as it was written before April 2025");
                case Qwen3Config _, Qwen3MoeConfig _, Llama4Config _, SmolLm3Config _, Gemma3nConfig _ ->
                    Optional.of("b4916 is older than " + config.architecture().title());
            };
        }

        private static Optional<String> lacks(Gemma3Config config) {
            if (!IntStream.range(0, config.numHiddenLayers())
                    .allMatch(i -> (config.layerTypes().get(i) == AttentionType.FULL) == ((i + 1) % 6 == 0))) {
                return Optional.of("layer_types: b4916 takes a full layer in every sixth place");
            }
            if (config.slidingRopeParameters().ropeTheta() != 10_000) {
                return Optional.of("rope_local_base_freq: b4916 takes 10000");
            }
            return config.finalLogitSoftcapping() == null
                    ? Optional.empty()
                    : Optional.of("final_logit_softcapping: b4916 has none for Gemma 3");
        }
    },
    /// September 2026; in the npm package `@node-llama-cpp/linux-x64` 3.22.1.
    V0_5_0("0.5.0", 80, 160, 28, 72, 104, 52) {
        @Override
        Optional<String> lacks(ModelConfig config) {
            return Optional.empty();
        }
    };

    private final String version;
    private final long modelParamsBytes;
    private final long contextParamsBytes;
    private final long threads;
    private final long betas;
    private final long cacheTypes;
    private final long flashAttention;

    Release(
            String version,
            long modelParamsBytes,
            long contextParamsBytes,
            long threads,
            long betas,
            long cacheTypes,
            long flashAttention) {
        this.version = version;
        this.modelParamsBytes = modelParamsBytes;
        this.contextParamsBytes = contextParamsBytes;
        this.threads = threads;
        this.betas = betas;
        this.cacheTypes = cacheTypes;
        this.flashAttention = flashAttention;
    }

    /// What a model needs that its GGUF file says and this release does not do, beginning with the key of
    /// `config.json`.
    abstract Optional<String> lacks(ModelConfig config);

    String version() {
        return version;
    }

    /// Size of `llama_model_params`.
    long modelParamsBytes() {
        return modelParamsBytes;
    }

    /// Size of `llama_context_params`.
    long contextParamsBytes() {
        return contextParamsBytes;
    }

    /// Offset of `n_threads` in it; `n_threads_batch` follows.
    long threads() {
        return threads;
    }

    /// Offset of `yarn_beta_fast` in it; `yarn_beta_slow` follows.
    long betas() {
        return betas;
    }

    /// Offset of `type_k` in it; `type_v` follows.
    long cacheTypes() {
        return cacheTypes;
    }

    /// Offset of `flash_attn`, a boolean, or `flash_attn_type`, an integer, in it. 0 is off for both.
    long flashAttention() {
        return flashAttention;
    }
}
