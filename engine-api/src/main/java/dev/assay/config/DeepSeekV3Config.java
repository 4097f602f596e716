package dev.assay.config;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// DeepSeek V3, V3.1 and R1, `model_type` `deepseek_v3`, and Kimi K2, `model_type` `kimi_k2`; HF's
/// `DeepseekV3Config`.
///
/// @param architecture which of the architectures of this record
/// @param vocabSize rows of the embedding matrix, and logits of each position
/// @param hiddenSize width of the hidden state
/// @param intermediateSize inner width of the MLP in layers without experts
/// @param moeIntermediateSize inner width of each expert
/// @param numHiddenLayers decoder layers
/// @param numAttentionHeads query heads
/// @param qLoraRank width of the query latent; null where queries are projected in one step
/// @param kvLoraRank width of the latent that keys and values are made from
/// @param qkNopeHeadDim width of the part of a query or key head that is not rotated
/// @param qkRopeHeadDim width of the rotated part
/// @param vHeadDim width of a value head
/// @param nRoutedExperts experts that the router chooses from
/// @param nSharedExperts experts that every position uses, as one MLP of their joint width
/// @param numExpertsPerTok experts chosen for each position
/// @param nGroup groups that the routed experts are divided into, in order
/// @param topkGroup groups that experts are chosen from
/// @param normTopkProb whether the weights of the chosen experts are made to sum to 1
/// @param routedScalingFactor factor on the weights of the chosen experts
/// @param firstKDenseReplace leading layers with a dense MLP; all others have experts
/// @param hiddenAct activation of the MLP's gate
/// @param maxPositionEmbeddings longest context the model was made for, in positions
/// @param rmsNormEps what the RMS norms of layers, and the last one, add to the mean square; those of the latents
///     add 1e-6
/// @param tieWordEmbeddings whether the output head is the embedding matrix
/// @param attentionBias whether the projections to the latents and of the attention output have biases
/// @param ropeParameters of the rotary position embedding
/// @param ropeInterleave whether rotated pairs are (2i, 2i+1), as in every published file, or (i, i+d/2)
/// @param numNextnPredictLayers layers for multi-token prediction that checkpoints hold after the decoder; no
///     part of it
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
        implements MoeConfig {
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

    @Override
    public List<Integer> moeLayers() {
        return IntStream.range(firstKDenseReplace, numHiddenLayers).boxed().toList();
    }

    @Override
    public int routedExperts() {
        return nRoutedExperts;
    }

    @Override
    public int sharedExperts() {
        return nSharedExperts;
    }
}
