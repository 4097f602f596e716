package dev.assay.config;

/// Qwen3, dense; `model_type` `qwen3`.
public record Qwen3Config(
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
        RopeParameters ropeParameters)
        implements ModelConfig {
    public Qwen3Config {
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
        return Architecture.QWEN_3;
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.uniform(numHiddenLayers, 2L * numKeyValueHeads * headDim, positions);
    }
}
