package dev.assay.reference;

import dev.assay.checkpoint.Checkpoint;
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
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.reference.cache.Cache;
import dev.assay.reference.decoder.ReferenceDecoder;
import dev.assay.reference.decoder.Weights;
import dev.assay.reference.deepseekv2.DeepSeekV2;
import dev.assay.reference.deepseekv3.DeepSeekV3;
import dev.assay.reference.gemma3.Gemma3;
import dev.assay.reference.gemma3n.Gemma3n;
import dev.assay.reference.gpt2.Gpt2;
import dev.assay.reference.llama3.Llama3;
import dev.assay.reference.llama4.Llama4;
import dev.assay.reference.mistral.Mistral;
import dev.assay.reference.olmo2.Olmo2;
import dev.assay.reference.qwen3.Qwen3;
import dev.assay.reference.qwen3moe.Qwen3Moe;
import dev.assay.reference.smollm3.SmolLm3;
import java.lang.module.ModuleDescriptor;
import java.util.EnumSet;
import java.util.Set;

/// The reference as an engine, found by [java.util.ServiceLoader] under the id `reference`.
public final class ReferenceEngine implements Engine {
    private static final Set<Capability> CAPABILITIES = EnumSet.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.TAPS,
            Capability.ROUTED_EXPERTS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS,
            Capability.KV_CACHE_BYTES);

    @Override
    public EngineInfo info() {
        return new EngineInfo("reference", "Assay reference (scalar)", version(), ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        return switch (config) {
            case DeepSeekV2Config _,
                    DeepSeekV3Config _,
                    Gemma3Config _,
                    Gemma3nConfig _,
                    Gpt2Config _,
                    Llama3Config _,
                    Llama4Config _,
                    MistralConfig _,
                    Olmo2Config _,
                    Qwen3Config _,
                    Qwen3MoeConfig _,
                    SmolLm3Config _ -> new Support.Supported(CAPABILITIES);
        };
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        if (options.kvCache() != KvCacheType.FLOAT32) {
            throw new UnsupportedModelException(
                    "the reference caches " + KvCacheType.FLOAT32 + " only, asked for " + options.kvCache());
        }
        Weights weights = new Weights(checkpoint);
        return switch (checkpoint.config()) {
            case Llama3Config config -> model(config, options, weights, new Llama3(config, weights));
            case Qwen3Config config -> model(config, options, weights, new Qwen3(config, weights));
            case Olmo2Config config -> model(config, options, weights, new Olmo2(config, weights));
            case MistralConfig config -> model(config, options, weights, new Mistral(config, weights));
            case SmolLm3Config config -> model(config, options, weights, new SmolLm3(config, weights));
            case Qwen3MoeConfig config -> model(config, options, weights, new Qwen3Moe(config, weights));
            case Gemma3Config config -> model(config, options, weights, new Gemma3(config, weights));
            case Gemma3nConfig config -> model(config, options, weights, new Gemma3n(config, weights));
            case Llama4Config config -> model(config, options, weights, new Llama4(config, weights));
            case Gpt2Config config -> model(config, options, weights, new Gpt2(config, weights));
            case DeepSeekV2Config config -> model(config, options, weights, new DeepSeekV2(config, weights));
            case DeepSeekV3Config config -> model(config, options, weights, new DeepSeekV3(config, weights));
        };
    }

    private static <C extends Cache> Model model(
            ModelConfig config, LoadOptions options, Weights weights, ReferenceDecoder<C> decoder) {
        return new ReferenceModel<>(config.vocabSize(), options, weights, decoder);
    }

    private static String version() {
        ModuleDescriptor module = ReferenceEngine.class.getModule().getDescriptor();
        return module == null ? "unknown" : module.rawVersion().orElse("unknown");
    }
}
