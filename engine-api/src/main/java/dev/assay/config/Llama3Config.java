package dev.assay.config;

/// Llama 3, 3.1, 3.2 and 3.3; `model_type` `llama`.
public record Llama3Config(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        HiddenActivation hiddenAct,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        boolean mlpBias,
        RopeParameters ropeParameters)
        implements ModelConfig {
    public Llama3Config {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.heads(numAttentionHeads, numKeyValueHeads, headDim);
        Rules.rotaryDim("head_dim", headDim);
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
    }

    @Override
    public Architecture architecture() {
        return Architecture.LLAMA_3;
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.uniform(numHiddenLayers, 2L * numKeyValueHeads * headDim, positions);
    }
}
