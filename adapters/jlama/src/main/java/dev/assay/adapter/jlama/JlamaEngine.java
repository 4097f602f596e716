package dev.assay.adapter.jlama;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.tjake.jlama.model.AbstractModel;
import com.github.tjake.jlama.model.gpt2.GPT2Config;
import com.github.tjake.jlama.model.gpt2.GPT2Model;
import com.github.tjake.jlama.model.llama.LlamaConfig;
import com.github.tjake.jlama.model.llama.LlamaModel;
import com.github.tjake.jlama.model.mistral.MistralModel;
import com.github.tjake.jlama.safetensors.Config;
import com.github.tjake.jlama.safetensors.DType;
import com.github.tjake.jlama.util.JsonSupport;
import com.github.tjake.jlama.util.PhysicalCoreExecutor;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.Architecture;
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
import java.util.EnumSet;
import java.util.Optional;
import java.util.Set;

/// Jlama 0.8.4: those of our architectures that its `ModelSupport.ModelType` has a `model_type` for.
///
/// Jlama computes in the type of its weights: with bf16 weights it would round activations to bf16. It is given the
/// weights as float32, which is exact, and judged on float32 arithmetic. Its logits are taken from
/// `AbstractModel.sample`, which leaves them in its buffer: `getLogits` returns probabilities, and without the
/// multiplier and the softcap.
///
/// What Jlama declines to do it does not say: it reads some keys of a `config.json` and ignores the rest. So whatever
/// it has a `model_type` for counts as declared.
public final class JlamaEngine implements Engine {
    private static final String VERSION = "0.8.4";

    /// Floats of the widest vectors that Jlama uses, those of AVX-512.
    private static final int LANES = 16;

    private static final Set<Capability> CAPABILITIES = EnumSet.of(
            Capability.FULL_LOGITS,
            Capability.ALL_POSITIONS,
            Capability.CHUNKED_PREFILL,
            Capability.CONCURRENT_SESSIONS);

    @Override
    public EngineInfo info() {
        return new EngineInfo("jlama", "Jlama", VERSION, ComputeType.FLOAT32);
    }

    @Override
    public Support supports(ModelConfig config) {
        return switch (config) {
            case Gpt2Config gpt2 ->
                wholeVectors(gpt2.hiddenSize(), gpt2.intermediateSize(), gpt2.hiddenSize() / gpt2.numAttentionHeads());
            case Llama3Config llama -> wholeVectors(llama.hiddenSize(), llama.intermediateSize(), llama.headDim());
            case MistralConfig mistral
            when mistral.architecture() == Architecture.MISTRAL_7B ->
                wholeVectors(mistral.hiddenSize(), mistral.intermediateSize(), mistral.headDim());
            case MistralConfig _,
                    DeepSeekV2Config _,
                    DeepSeekV3Config _,
                    Gemma3Config _,
                    Gemma3nConfig _,
                    Llama4Config _,
                    Olmo2Config _,
                    Qwen3Config _,
                    Qwen3MoeConfig _,
                    SmolLm3Config _ ->
                new Support.Unsupported("Jlama " + VERSION + " has no model_type for "
                        + config.architecture().title());
        };
    }

    private static Support wholeVectors(int... sizes) {
        for (int size : sizes) {
            if (size % LANES != 0) {
                return new Support.Unsupported("Jlama's kernels read whole vectors of " + LANES
                        + " floats, and a width of " + size + " is no multiple of that");
            }
        }
        return new Support.Supported(CAPABILITIES);
    }

    @Override
    public Model load(Checkpoint checkpoint, LoadOptions options) {
        if (options.kvCache() != KvCacheType.FLOAT32) {
            throw new UnsupportedModelException("Jlama caches in its working type, which is float32 here");
        }
        Threads.fix(options.threads());
        ModelConfig config = checkpoint.config();
        return new JlamaModel(jlama(config, new CheckpointWeights(checkpoint)), config.vocabSize(), options.threads());
    }

    private static AbstractModel jlama(ModelConfig config, CheckpointWeights weights) {
        Optional<DType> asStored = Optional.empty();
        return switch (config) {
            case Gpt2Config _ ->
                new GPT2Model(
                        AbstractModel.InferenceType.FULL_GENERATION,
                        read(config, GPT2Config.class),
                        weights,
                        NoTokenizer.INSTANCE,
                        DType.F32,
                        DType.F32,
                        asStored);
            case Llama3Config _ ->
                new LlamaModel(
                        AbstractModel.InferenceType.FULL_GENERATION,
                        read(config, LlamaConfig.class),
                        weights,
                        NoTokenizer.INSTANCE,
                        DType.F32,
                        DType.F32,
                        asStored);
            case MistralConfig _ ->
                new MistralModel(
                        AbstractModel.InferenceType.FULL_GENERATION,
                        read(config, com.github.tjake.jlama.model.mistral.MistralConfig.class),
                        weights,
                        NoTokenizer.INSTANCE,
                        DType.F32,
                        DType.F32,
                        asStored);
            case DeepSeekV2Config _,
                    DeepSeekV3Config _,
                    Gemma3Config _,
                    Gemma3nConfig _,
                    Llama4Config _,
                    Olmo2Config _,
                    Qwen3Config _,
                    Qwen3MoeConfig _,
                    SmolLm3Config _ ->
                throw new UnsupportedModelException(
                        "no model_type for " + config.architecture().title());
        };
    }

    /// Jlama's threads, which it chooses once for a process.
    private static final class Threads {
        private static int fixed;

        /// @throws UnsupportedModelException if another number was chosen before
        static synchronized void fix(int threads) {
            if (fixed == 0) {
                PhysicalCoreExecutor.overrideThreadCount(threads);
                fixed = threads;
            } else if (fixed != threads) {
                throw new UnsupportedModelException(
                        "Jlama runs on " + fixed + " threads in this process, asked for " + threads);
            }
        }
    }

    /// The configuration as Jlama reads it, with the keys that it wants and that say nothing of the decoder.
    private static <C extends Config> C read(ModelConfig config, Class<C> type) {
        try {
            ObjectNode json = (ObjectNode) JsonSupport.om.readTree(config.toJson());
            json.put("bos_token_id", 0).put("eos_token_id", 0);
            json.put("n_ctx", config.maxPositionEmbeddings());
            return JsonSupport.om.treeToValue(json, type);
        } catch (JsonProcessingException e) {
            throw new UnsupportedModelException("Jlama cannot read the configuration: " + e.getOriginalMessage());
        }
    }
}
