package dev.assay.checkpoint;

import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.Llama3Config;
import dev.assay.config.ModelConfig;
import dev.assay.config.Qwen3Config;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// Names as published, against those of the text model.
final class PublishedNames {
    /// Prefixes of the text model within a multimodal one, and what they stand for. Gemma 3 and Mistral Small 3.1 are
    /// published with the first two, later models with the third.
    private static final List<Map.Entry<String, String>> TEXT_PREFIXES = List.of(
            Map.entry("language_model.model.", "model."),
            Map.entry("language_model.lm_head.", "lm_head."),
            Map.entry("model.language_model.", "model."));

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
        return null;
    }

    private static boolean isNextTokenPrediction(String name, ModelConfig config) {
        int layers = switch (config) {
            case DeepSeekV3Config deepSeek -> deepSeek.numNextnPredictLayers();
            case Llama3Config _, Qwen3Config _ -> 0;
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
