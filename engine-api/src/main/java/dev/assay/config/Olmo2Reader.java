package dev.assay.config;

/// Reads `model_type` `olmo2`; defaults are those of HF's `Olmo2Config`.
final class Olmo2Reader {
    private Olmo2Reader() {}

    static Olmo2Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        int vocabSize = fields.integer("vocab_size", 50_304);
        int hiddenSize = fields.integer("hidden_size", 4096);
        int intermediateSize = fields.integer("intermediate_size", 11_008);
        int numHiddenLayers = CommonKeys.layers(fields, 32);
        int numAttentionHeads = fields.integer("num_attention_heads", 32);
        int numKeyValueHeads = CommonKeys.keyValueHeads(fields, null, numAttentionHeads);
        int headDim = CommonKeys.headDim(fields, null, hiddenSize, numAttentionHeads);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 2048);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-5);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        return fields.create(() -> new Olmo2Config(
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
