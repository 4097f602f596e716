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
    @Override
    public Architecture architecture() {
        return Architecture.LLAMA_3;
    }

    @Override
    public long kvCacheElements(int positions) {
        return 2L * numHiddenLayers * numKeyValueHeads * headDim * positions;
    }
}
