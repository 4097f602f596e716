package dev.assay.checkpoint;

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
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Names as published, against those of the text model.
final class PublishedNames {
    /// Prefixes of the text model within a multimodal one, and what they stand for. Gemma 3 and Mistral Small 3.1
    /// are published with the first two, later models with the third.
    private static final List<Map.Entry<String, String>> TEXT_PREFIXES = List.of(
            Map.entry("language_model.model.", "model."),
            Map.entry("language_model.lm_head.", "lm_head."),
            Map.entry("model.language_model.", "model."),
            // Files of GPT-2 that HF saved; the published ones have nothing there.
            Map.entry("transformer.", ""));

    /// Prefixes of the other parts of a multimodal model, bare or after `model.`.
    private static final List<Map.Entry<String, String>> OTHER_MODALITIES = List.of(
            Map.entry("vision_tower.", "vision tower"),
            Map.entry("vision_model.", "vision tower"),
            Map.entry("visual.", "vision tower"),
            Map.entry("audio_tower.", "audio tower"),
            Map.entry("multi_modal_projector.", "multimodal projector"),
            Map.entry("patch_merger.", "multimodal projector"),
            Map.entry("embed_vision.", "multimodal projector"),
            Map.entry("embed_audio.", "multimodal projector"));

    private static final Pattern KEYS_AND_VALUES =
            Pattern.compile("model\\.layers\\.([0-9]{1,9})\\.self_attn\\.[kv]_(proj|norm)\\.(weight|bias)");

    private static final String LAYERS = "model.layers.";

    private PublishedNames() {}

    /// The name within the text model.
    static String textName(String published) {
        for (Map.Entry<String, String> prefix : TEXT_PREFIXES) {
            if (published.startsWith(prefix.getKey())) {
                return prefix.getValue() + published.substring(prefix.getKey().length());
            }
        }
        return published;
    }

    /// Why the text model does not use a tensor of that name, or null if it does, or should not be there.
    static @Nullable String skipReason(String published, ModelConfig config) {
        String bare = published.startsWith("model.") ? published.substring("model.".length()) : published;
        for (Map.Entry<String, String> prefix : OTHER_MODALITIES) {
            if (bare.startsWith(prefix.getKey())) {
                return prefix.getValue();
            }
        }
        if (published.endsWith(".rotary_emb.inv_freq")) {
            return "rotary frequencies, which follow from the configuration";
        }
        if (isNextTokenPrediction(textName(published), config)) {
            return "multi-token prediction layer";
        }
        return switch (config) {
            case Gpt2Config _
            when textName(published).matches("h\\.[0-9]+\\.attn\\.(masked_)?bias") ->
                "causal mask, which follows from the configuration";
            case Gemma3nConfig gemma
            when hasSharedKeys(textName(published), gemma) -> "keys and values of a layer that uses those of another";
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
                    SmolLm3Config _ -> null;
        };
    }

    /// Whether a tensor belongs to keys or values that a layer of Gemma 3n would have if it did not share others'.
    private static boolean hasSharedKeys(String name, Gemma3nConfig config) {
        Matcher matcher = KEYS_AND_VALUES.matcher(name);
        return matcher.matches()
                && Integer.parseInt(matcher.group(1)) >= config.numHiddenLayers() - config.numKvSharedLayers()
                && Integer.parseInt(matcher.group(1)) < config.numHiddenLayers();
    }

    private static boolean isNextTokenPrediction(String name, ModelConfig config) {
        int layers = switch (config) {
            case DeepSeekV3Config deepSeek -> deepSeek.numNextnPredictLayers();
            case DeepSeekV2Config _,
                    Gemma3Config _,
                    Gemma3nConfig _,
                    Gpt2Config _,
                    Llama3Config _,
                    Llama4Config _,
                    MistralConfig _,
                    Olmo2Config _,
                    Qwen3Config _,
                    Qwen3MoeConfig _,
                    SmolLm3Config _ -> 0;
        };
        if (!name.startsWith(LAYERS)) {
            return false;
        }
        int end = name.indexOf('.', LAYERS.length());
        // Nine digits are more than any layer has and still fit an int.
        if (end < 0 || !name.substring(LAYERS.length(), end).matches("[0-9]{1,9}")) {
            return false;
        }
        int layer = Integer.parseInt(name.substring(LAYERS.length(), end));
        return layer >= config.numHiddenLayers() && layer - config.numHiddenLayers() < layers;
    }
}
