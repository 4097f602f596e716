package dev.assay.config;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// DeepSeek V2 and V2-Lite, `model_type` `deepseek_v2`; HF's `DeepseekV2Config`.
///
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
/// @param topkMethod how experts are chosen
/// @param routedScalingFactor factor on the weights of the chosen experts
/// @param firstKDenseReplace leading layers with a dense MLP; all others have experts
/// @param hiddenAct activation of the MLP's gate
/// @param maxPositionEmbeddings longest context the model was made for, in positions
/// @param rmsNormEps what the RMS norms of layers, and the last one, add to the mean square; those of the latents
///     add 1e-6
/// @param tieWordEmbeddings whether the output head is the embedding matrix
/// @param attentionBias whether the projections to the latents and of the attention output have biases
/// @param mlpBias whether the projections of the MLP have biases
/// @param ropeParameters of the rotary position embedding
public record DeepSeekV2Config(
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
        TopkMethod topkMethod,
        double routedScalingFactor,
        int firstKDenseReplace,
        HiddenActivation hiddenAct,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        boolean mlpBias,
        RopeParameters ropeParameters)
        implements MoeConfig {
    public DeepSeekV2Config {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.positive("moe_intermediate_size", moeIntermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.latentAttention(numAttentionHeads, qLoraRank, kvLoraRank, qkNopeHeadDim, qkRopeHeadDim, vHeadDim);
        Rules.experts("n_routed_experts", nRoutedExperts, numExpertsPerTok);
        Rules.sharedExperts(nSharedExperts, moeIntermediateSize);
        switch (topkMethod) {
            case TopkMethod.Greedy() -> {}
            case TopkMethod.GroupLimitedGreedy(int nGroup, int topkGroup) ->
                Rules.expertGroups(nRoutedExperts, numExpertsPerTok, nGroup, topkGroup, 1);
        }
        Rules.positive("routed_scaling_factor", routedScalingFactor);
        Rules.between("first_k_dense_replace", firstKDenseReplace, 0, numHiddenLayers, "num_hidden_layers");
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
    }

    @Override
    public Architecture architecture() {
        return Architecture.DEEPSEEK_V2;
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
