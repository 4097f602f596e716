package dev.assay.config;

/// Reads `model_type` `mistral`, alone or inside `mistral3`; defaults are those of HF's `MistralConfig`.
final class MistralReader {
    private MistralReader() {}

    /// A decoder by itself: Mistral 7B if it has a sliding window, as only that has.
    static MistralConfig read(ConfigFields fields) {
        return read(fields, Architecture.MISTRAL_7B);
    }

    /// A decoder inside `mistral3`.
    static MistralConfig readWrapped(ConfigFields fields) {
        return read(fields, Architecture.MISTRAL_SMALL_3_1);
    }

    private static MistralConfig read(ConfigFields fields, Architecture withWindow) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        int vocabSize = fields.integer("vocab_size", 32_000);
        int hiddenSize = fields.integer("hidden_size", 4096);
        int intermediateSize = fields.integer("intermediate_size", 14_336);
        int numHiddenLayers = CommonKeys.layers(fields, 32);
        int numAttentionHeads = fields.integer("num_attention_heads", 32);
        int numKeyValueHeads = CommonKeys.keyValueHeads(fields, 8, numAttentionHeads);
        int headDim = CommonKeys.headDim(fields, null, hiddenSize, numAttentionHeads);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 131_072);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        Integer slidingWindow = fields.integerOrNull("sliding_window", 4096);
        Architecture architecture = slidingWindow == null ? Architecture.MISTRAL_SMALL_3_1 : withWindow;
        return fields.create(() -> new MistralConfig(
                architecture,
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
                slidingWindow,
                ropeParameters));
    }
}
