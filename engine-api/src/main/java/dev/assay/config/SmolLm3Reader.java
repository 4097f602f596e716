package dev.assay.config;

import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads `model_type` `smollm3`; defaults are those of HF's `SmolLM3Config`.
final class SmolLm3Reader {
    private SmolLm3Reader() {}

    static SmolLm3Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        // HF does not read it: windows go where `layer_types` says, or else on the layers without RoPE.
        fields.inert(Set.of("max_window_layers"));
        int vocabSize = fields.integer("vocab_size", 128_256);
        int hiddenSize = fields.integer("hidden_size", 2048);
        int intermediateSize = fields.integer("intermediate_size", 11_008);
        int numHiddenLayers = CommonKeys.layers(fields, 36);
        int numAttentionHeads = fields.integer("num_attention_heads", 16);
        int numKeyValueHeads = CommonKeys.keyValueHeads(fields, 4, numAttentionHeads);
        int headDim = CommonKeys.headDim(fields, null, hiddenSize, numAttentionHeads);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 32_768);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", true);
        boolean attentionBias = fields.flag("attention_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 2_000_000, maxPositionEmbeddings);
        boolean mlpBias = fields.flag("mlp_bias", false);
        List<PositionEncoding> positionEncodings =
                CommonKeys.positionEncodings(fields, fields.integers("no_rope_layers"), numHiddenLayers);
        Integer slidingWindow = CommonKeys.switchedWindow(fields, null);
        List<AttentionType> given = CommonKeys.layerTypes(fields);
        List<AttentionType> layerTypes = given != null
                ? given
                : positionEncodings.stream()
                        .map(encoding -> unlisted(encoding, slidingWindow))
                        .toList();
        return fields.create(() -> new SmolLm3Config(
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads,
                headDim,
                hiddenAct,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                mlpBias,
                positionEncodings,
                layerTypes,
                slidingWindow,
                ropeParameters));
    }

    /// Attention of a layer where the file does not list it.
    private static AttentionType unlisted(PositionEncoding encoding, @Nullable Integer slidingWindow) {
        return switch (encoding) {
            case NOPE -> slidingWindow == null ? AttentionType.FULL : AttentionType.SLIDING;
            case ROPE -> AttentionType.FULL;
        };
    }
}
