package dev.assay.config;

import org.jspecify.annotations.Nullable;

/// DeepSeek V3, V3.1 and R1, `model_type` `deepseek_v3`, and Kimi K2, `model_type` `kimi_k2`.
///
/// @param qLoraRank width of the query latent; null where queries are projected in one step
/// @param firstKDenseReplace leading layers with a dense MLP; all others have experts
/// @param ropeInterleave whether rotated pairs are (2i, 2i+1), as in every published file, or (i, i+d/2)
/// @param weightBlockSize rows and columns of a block that shares an FP8 scale; null where weights are not FP8
public record DeepSeekV3Config(
        Architecture architecture,
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int moeIntermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        @Nullable Integer qLoraRank,
        int kvLoraRank,
        int qkNopeHeadDim,
        int qkRopeHeadDim,
        int vHeadDim,
        int nRoutedExperts,
        int nSharedExperts,
        int numExpertsPerTok,
        int nGroup,
        int topkGroup,
        boolean normTopkProb,
        double routedScalingFactor,
        int firstKDenseReplace,
        HiddenActivation hiddenAct,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        RopeParameters ropeParameters,
        boolean ropeInterleave,
        int numNextnPredictLayers,
        @Nullable BlockSize weightBlockSize)
        implements ModelConfig {
    @Override
    public long kvCacheElements(int positions) {
        return (long) numHiddenLayers * (kvLoraRank + qkRopeHeadDim) * positions;
    }
}
