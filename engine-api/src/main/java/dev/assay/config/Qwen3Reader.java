package dev.assay.config;

import java.util.Set;

/// Reads `model_type` `qwen3`; defaults are those of HF's `Qwen3Config`.
final class Qwen3Reader {
    private Qwen3Reader() {}

    static Qwen3Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        // Without `use_sliding_window` HF reads neither the window nor the layer at which it would start.
        fields.only("use_sliding_window", false);
        fields.inert(Set.of("sliding_window", "max_window_layers"));
        int vocabSize = fields.integer("vocab_size", 151_936);
        int hiddenSize = fields.integer("hidden_size", 4096);
        int intermediateSize = fields.integer("intermediate_size", 22_016);
        int numHiddenLayers = fields.integer("num_hidden_layers", 32);
        int numAttentionHeads = fields.integer("num_attention_heads", 32);
        int numKeyValueHeads = CommonKeys.keyValueHeads(fields, 32, numAttentionHeads);
        int headDim = fields.integer("head_dim", 128);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 32_768);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        CommonKeys.onlyAttention(fields, AttentionType.FULL, numHiddenLayers);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        return fields.create(() -> new Qwen3Config(
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
                ropeParameters));
    }
}
