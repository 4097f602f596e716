package dev.assay.config;

/// Reads `model_type` `llama`; defaults are those of HF's `LlamaConfig`.
final class Llama3Reader {
    private Llama3Reader() {}

    static Llama3Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        int vocabSize = fields.integer("vocab_size", 32000);
        int hiddenSize = fields.integer("hidden_size", 4096);
        int intermediateSize = fields.integer("intermediate_size", 11008);
        int numHiddenLayers = fields.integer("num_hidden_layers", 32);
        int numAttentionHeads = fields.integer("num_attention_heads", 32);
        int numKeyValueHeads = CommonKeys.keyValueHeads(fields, null, numAttentionHeads);
        int headDim = CommonKeys.headDim(fields, null, hiddenSize, numAttentionHeads);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 2048);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        boolean mlpBias = fields.flag("mlp_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        return fields.create(() -> new Llama3Config(
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
                ropeParameters));
    }
}
