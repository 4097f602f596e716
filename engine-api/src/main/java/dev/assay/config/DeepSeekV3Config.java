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
    public DeepSeekV3Config {
        Rules.require(
                architecture == Architecture.DEEPSEEK_V3 || architecture == Architecture.KIMI_K2,
                "model_type",
                architecture,
                "DeepSeek V3 or Kimi K2");
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.positive("moe_intermediate_size", moeIntermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.latentAttention(numAttentionHeads, qLoraRank, kvLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim);
        Rules.experts("n_routed_experts", nRoutedExperts, numExpertsPerTok);
        Rules.sharedExperts(nSharedExperts, moeIntermediateSize);
        // A group is worth the sum of its two best experts, so it must have two.
        Rules.expertGroups(nRoutedExperts, numExpertsPerTok, nGroup, topkGroup, 2);
        Rules.positive("routed_scaling_factor", routedScalingFactor);
        Rules.between("first_k_dense_replace", firstKDenseReplace, 0, numHiddenLayers, "num_hidden_layers");
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
        Rules.between("num_nextn_predict_layers", numNextnPredictLayers, 0, Rules.MAX_LAYERS, "layers");
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.uniform(numHiddenLayers, (long) kvLoraRank + qkRopeHeadDim, positions);
    }
}
