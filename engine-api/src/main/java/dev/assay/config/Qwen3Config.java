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
    @Override
    public Architecture architecture() {
        return Architecture.QWEN_3;
    }

    @Override
    public long kvCacheElements(int positions) {
        return 2L * numHiddenLayers * numKeyValueHeads * headDim * positions;
    }
}
