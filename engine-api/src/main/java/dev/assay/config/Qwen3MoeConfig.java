package dev.assay.config;

import java.util.List;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// Qwen3 with experts, `model_type` `qwen3_moe`; HF's `Qwen3MoeConfig`.
///
/// @param vocabSize rows of the embedding matrix, and logits of each position
/// @param hiddenSize width of the hidden state
/// @param intermediateSize width of the MLP in layers without experts
/// @param moeIntermediateSize width of each expert
/// @param numHiddenLayers decoder layers
/// @param numAttentionHeads query heads
/// @param numKeyValueHeads KV heads; each serves equally many query heads
/// @param headDim width of a head
/// @param numExperts experts that the router chooses from
/// @param numExpertsPerTok experts chosen for each position
/// @param normTopkProb whether the weights of the chosen experts are made to sum to 1
/// @param decoderSparseStep layers whose number, counted from 1, it divides have experts
/// @param mlpOnlyLayers layers, counted from 0, that have none all the same; in ascending order
/// @param hiddenAct activation of the MLP's gate
/// @param maxPositionEmbeddings longest context the model was made for, in positions
/// @param rmsNormEps what every RMS norm adds to the mean square
/// @param tieWordEmbeddings whether the output head is the embedding matrix
/// @param attentionBias whether the projections of queries, keys, values and attention output have biases
/// @param slidingWindow positions that every layer sees, its own included; null where layers see all
/// @param ropeParameters of the rotary position embedding
public record Qwen3MoeConfig(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int moeIntermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        int numExperts,
        int numExpertsPerTok,
        boolean normTopkProb,
        int decoderSparseStep,
        List<Integer> mlpOnlyLayers,
        HiddenActivation hiddenAct,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        @Nullable Integer slidingWindow,
        RopeParameters ropeParameters)
        implements MoeConfig {
    public Qwen3MoeConfig {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.heads(numAttentionHeads, numKeyValueHeads, headDim);
        Rules.rotaryDim("head_dim", headDim);
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
        Rules.positive("moe_intermediate_size", moeIntermediateSize);
        Rules.experts("num_experts", numExperts, numExpertsPerTok);
        Rules.positive("decoder_sparse_step", decoderSparseStep);
        mlpOnlyLayers = mlpOnlyLayers.stream().distinct().sorted().toList();
        Rules.layerIndices("mlp_only_layers", mlpOnlyLayers, numHiddenLayers);
        if (slidingWindow != null) {
            Rules.positive("sliding_window", slidingWindow);
        }
    }

    @Override
    public Architecture architecture() {
        return Architecture.QWEN_3_MOE;
    }

    @Override
    public long kvCacheElements(int positions) {
        int kept = slidingWindow == null ? positions : Math.min(positions, slidingWindow);
        return KvCacheSize.uniform(numHiddenLayers, 2L * numKeyValueHeads * headDim, kept);
    }

    @Override
    public List<Integer> moeLayers() {
        return IntStream.range(0, numHiddenLayers)
                .filter(layer -> (layer + 1) % decoderSparseStep == 0 && !mlpOnlyLayers.contains(layer))
                .boxed()
                .toList();
    }

    @Override
    public int routedExperts() {
        return numExperts;
    }

    @Override
    public int sharedExperts() {
        return 0;
    }
}
