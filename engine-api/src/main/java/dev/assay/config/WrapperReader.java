package dev.assay.config;

import java.util.Set;
import java.util.function.Function;

/// Reads the file of a model that also sees or hears. Its decoder is described by the `text_config` inside.
final class WrapperReader {
    /// Keys about images and sound.
    private static final Set<String> INERT = Set.of(
            "audio_config",
            "audio_soft_tokens_per_image",
            "audio_token_id",
            "boa_token_id",
            "boi_token_id",
            "boi_token_index",
            "eoa_token_id",
            "eoi_token_id",
            "eoi_token_index",
            "image_token_id",
            "image_token_index",
            "mm_tokens_per_image",
            "multimodal_projector_bias",
            "projector_hidden_act",
            "spatial_merge_size",
            "vision_config",
            "vision_feature_layer",
            "vision_soft_tokens_per_image");

    private WrapperReader() {}

    /// Reads the decoder.
    ///
    /// Whether it ties its embeddings may stand outside or inside. Where it stands in neither place the decoder's
    /// own class decides: HF's `Mistral3Config` would tie, but the published Mistral Small 3.1 says nothing and has
    /// a head.
    ///
    /// @param textModelType `model_type` of the decoder; a `text_config` that has none means this one
    static ModelConfig read(ConfigFields fields, String textModelType, Function<ConfigFields, ModelConfig> decoder) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        fields.inert(INERT);
        ConfigFields text = fields.object("text_config");
        if (text == null) {
            throw fields.wrong("text_config", "an object that describes the decoder");
        }
        text.only("model_type", textModelType);
        text.inherit("tie_word_embeddings", fields);
        return decoder.apply(text);
    }
}
