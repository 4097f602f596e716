package dev.assay.config;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.RecordComponent;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Writes a configuration as an HF `config.json` that [HfConfigReader] reads as an equal one.
///
/// The file is in the 4.x style, `rope_theta` and `rope_scaling`, which engines of every age read. Only Gemma's
/// sliding layers with a scaling of their own cannot be said in it, and get a `rope_parameters`.
///
/// Record components have the names of HF's keys, so that most are written as they stand; the exceptions are here.
final class HfConfigWriter {
    private static final JsonMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// GPT-2 is older than the names that all others share.
    private static final Map<String, String> GPT2_KEYS = Map.of(
            "hidden_size", "n_embd",
            "intermediate_size", "n_inner",
            "num_hidden_layers", "n_layer",
            "num_attention_heads", "n_head",
            "max_position_embeddings", "n_positions");

    private HfConfigWriter() {}

    static String write(ModelConfig config) {
        return JSON.writeValueAsString(tree(config));
    }

    private static ObjectNode tree(ModelConfig config) {
        return switch (config) {
            case DeepSeekV2Config deepSeek ->
                latent(decoder(config, "deepseek_v2", "DeepseekV2ForCausalLM"), deepSeek.numAttentionHeads());
            case DeepSeekV3Config deepSeek -> {
                String modelType = deepSeek.architecture() == Architecture.KIMI_K2 ? "kimi_k2" : "deepseek_v3";
                yield latent(decoder(config, modelType, "DeepseekV3ForCausalLM"), deepSeek.numAttentionHeads());
            }
            case Gemma3Config gemma -> {
                ObjectNode json = decoder(config, "gemma3_text", "Gemma3ForCausalLM");
                rope(json, gemma.fullRopeParameters(), gemma.slidingRopeParameters());
                yield json;
            }
            case Gemma3nConfig gemma -> {
                ObjectNode json = decoder(config, "gemma3n_text", "Gemma3nForCausalLM");
                rope(json, gemma.fullRopeParameters(), gemma.slidingRopeParameters());
                yield json;
            }
            case Gpt2Config _ -> {
                ObjectNode json = decoder(config, "gpt2", "GPT2LMHeadModel");
                GPT2_KEYS.forEach((key, own) -> json.set(own, json.remove(key)));
                yield json;
            }
            case Llama3Config _ -> decoder(config, "llama", "LlamaForCausalLM");
            case Llama4Config _ -> decoder(config, "llama4_text", "Llama4ForCausalLM");
            case MistralConfig mistral -> {
                ObjectNode json = decoder(config, "mistral", "MistralForCausalLM");
                // By itself, a decoder with a window is read as Mistral 7B.
                yield mistral.architecture() == Architecture.MISTRAL_SMALL_3_1 && mistral.slidingWindow() != null
                        ? wrapped(json)
                        : json;
            }
            case Olmo2Config _ -> decoder(config, "olmo2", "Olmo2ForCausalLM");
            case Qwen3Config qwen -> switched(decoder(config, "qwen3", "Qwen3ForCausalLM"), qwen.slidingWindow());
            case Qwen3MoeConfig qwen ->
                switched(decoder(config, "qwen3_moe", "Qwen3MoeForCausalLM"), qwen.slidingWindow());
            case SmolLm3Config smol -> switched(decoder(config, "smollm3", "SmolLM3ForCausalLM"), smol.slidingWindow());
        };
    }

    /// The latent is shared by all heads, but HF counts as many KV heads as query heads.
    private static ObjectNode latent(ObjectNode json, int numAttentionHeads) {
        return json.put("num_key_value_heads", numAttentionHeads);
    }

    private static ObjectNode wrapped(ObjectNode decoder) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("Mistral3ForConditionalGeneration");
        json.put("model_type", "mistral3");
        json.set("text_config", decoder);
        return json;
    }

    /// These three count a window only where another key switches it on.
    private static ObjectNode switched(ObjectNode json, @Nullable Integer slidingWindow) {
        return json.put("use_sliding_window", slidingWindow != null);
    }

    private static ObjectNode decoder(ModelConfig config, String modelType, String architecture) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add(architecture);
        json.put("model_type", modelType);
        for (RecordComponent component : config.getClass().getRecordComponents()) {
            put(json, key(component), value(config, component));
        }
        return json;
    }

    private static @Nullable Object value(ModelConfig config, RecordComponent component) {
        try {
            return component.getAccessor().invoke(config);
        } catch (IllegalAccessException | InvocationTargetException e) {
            throw new IllegalStateException("accessors of public records are public and do not throw", e);
        }
    }

    /// `vHeadDim` is `v_head_dim`.
    private static String key(RecordComponent component) {
        return component.getName().replaceAll("([A-Z])", "_$1").toLowerCase(Locale.ROOT);
    }

    private static void put(ObjectNode json, String key, @Nullable Object value) {
        if (value == null) {
            // Without a block size there is no quantisation at all, and HF knows that key within it only.
            if (!key.equals("weight_block_size")) {
                json.putNull(key);
            }
            return;
        }
        switch (value) {
            case Integer number -> json.put(key, number);
            case Double number -> json.put(key, number);
            case Boolean flag -> json.put(key, flag);
            case HiddenActivation activation -> json.put(key, name(activation));
            // Says no more than `model_type`.
            case Architecture _ -> {}
            case BlockSize(int rows, int columns) -> {
                ObjectNode quantization = json.putObject("quantization_config");
                quantization.put("quant_method", "fp8").put("fmt", "e4m3").put("activation_scheme", "dynamic");
                quantization.putArray("weight_block_size").add(rows).add(columns);
            }
            case TopkMethod.Greedy _ -> json.put(key, "greedy");
            case TopkMethod.GroupLimitedGreedy(int groups, int chosen) ->
                json.put(key, "group_limited_greedy").put("n_group", groups).put("topk_group", chosen);
            case RopeParameters rope when key.equals("rope_parameters") -> rope(json, rope);
            // Those of full and of sliding layers, which are written together.
            case RopeParameters _ -> {}
            case List<?> elements -> {
                ArrayNode array = json.putArray(key.equals("position_encodings") ? "no_rope_layers" : key);
                elements.forEach(element -> add(array, element));
            }
            default -> throw new IllegalArgumentException(key + ": no form in JSON for " + value);
        }
    }

    private static void add(ArrayNode array, Object element) {
        switch (element) {
            case Integer number -> array.add(number);
            case Double number -> array.add(number);
            case AttentionType type -> array.add(name(type));
            case PositionEncoding encoding -> array.add(encoding == PositionEncoding.ROPE ? 1 : 0);
            default -> throw new IllegalArgumentException("no form in JSON for " + element);
        }
    }

    private static String name(AttentionType type) {
        return switch (type) {
            case FULL -> "full_attention";
            case SLIDING -> "sliding_attention";
            case CHUNKED -> "chunked_attention";
        };
    }

    private static String name(HiddenActivation activation) {
        return switch (activation) {
            case SILU -> "silu";
            case GELU_TANH -> "gelu_pytorch_tanh";
            case GELU_ERF -> "gelu";
        };
    }

    private static void rope(ObjectNode json, RopeParameters rope) {
        json.put("rope_theta", rope.ropeTheta());
        if (!(rope instanceof RopeParameters.Default)) {
            json.set("rope_scaling", scaling(rope));
        }
    }

    private static void rope(ObjectNode json, RopeParameters full, RopeParameters sliding) {
        if (sliding instanceof RopeParameters.Default) {
            rope(json, full);
            json.put("rope_local_base_freq", sliding.ropeTheta());
        } else {
            ObjectNode parameters = json.putObject("rope_parameters");
            parameters.set("full_attention", scaling(full).put("rope_theta", full.ropeTheta()));
            parameters.set("sliding_attention", scaling(sliding).put("rope_theta", sliding.ropeTheta()));
        }
    }

    /// All but θ.
    private static ObjectNode scaling(RopeParameters rope) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        switch (rope) {
            case RopeParameters.Default _ -> json.put("rope_type", "default");
            case RopeParameters.Linear linear -> json.put("rope_type", "linear").put("factor", linear.factor());
            case RopeParameters.Llama3 llama ->
                json.put("rope_type", "llama3")
                        .put("factor", llama.factor())
                        .put("low_freq_factor", llama.lowFreqFactor())
                        .put("high_freq_factor", llama.highFreqFactor())
                        .put("original_max_position_embeddings", llama.originalMaxPositionEmbeddings());
            case RopeParameters.Yarn yarn -> {
                json.put("rope_type", "yarn")
                        .put("factor", yarn.factor())
                        .put("beta_fast", yarn.betaFast())
                        .put("beta_slow", yarn.betaSlow())
                        .put("original_max_position_embeddings", yarn.originalMaxPositionEmbeddings());
                putIfGiven(json, "attention_factor", yarn.attentionFactor());
                putIfGiven(json, "mscale", yarn.mscale());
                putIfGiven(json, "mscale_all_dim", yarn.mscaleAllDim());
                if (!yarn.truncate()) {
                    json.put("truncate", false);
                }
            }
        }
        return json;
    }

    private static void putIfGiven(ObjectNode json, String key, @Nullable Double value) {
        if (value != null) {
            json.put(key, value);
        }
    }
}
