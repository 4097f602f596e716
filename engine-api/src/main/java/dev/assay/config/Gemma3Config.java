package dev.assay.config;

import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Gemma 3, the text decoder; `model_type` `gemma3_text`, and `gemma3` around it; HF's `Gemma3TextConfig`.
///
/// @param vocabSize rows of the embedding matrix, and logits of each position
/// @param hiddenSize width of the hidden state
/// @param intermediateSize inner width of the MLP
/// @param numHiddenLayers decoder layers
/// @param numAttentionHeads query heads
/// @param numKeyValueHeads KV heads; each serves equally many query heads
/// @param headDim width of a head
/// @param hiddenActivation activation of the MLP's gate
/// @param maxPositionEmbeddings longest context the model was made for, in positions
/// @param rmsNormEps what every RMS norm adds to the mean square
/// @param tieWordEmbeddings whether the output head is the embedding matrix
/// @param attentionBias whether the projections of queries, keys, values and attention output have biases
/// @param queryPreAttnScalar attention scores are divided by its root; not always `headDim`
/// @param slidingWindow positions that a sliding layer sees, its own included
/// @param layerTypes full or sliding, for each layer
/// @param fullRopeParameters of full layers; 4.x files spread them over `rope_theta` and `rope_scaling`
/// @param slidingRopeParameters of sliding layers; 4.x files have only their θ, as `rope_local_base_freq`
/// @param finalLogitSoftcapping bound c of logits, c · tanh(logit / c); null where they are not bounded
public record Gemma3Config(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        HiddenActivation hiddenActivation,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        int queryPreAttnScalar,
        int slidingWindow,
        List<AttentionType> layerTypes,
        RopeParameters fullRopeParameters,
        RopeParameters slidingRopeParameters,
        @Nullable Double finalLogitSoftcapping)
        implements ModelConfig {
    public Gemma3Config {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.heads(numAttentionHeads, numKeyValueHeads, headDim);
        Rules.rotaryDim("head_dim", headDim);
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
        Rules.positive("query_pre_attn_scalar", queryPreAttnScalar);
        Rules.positive("sliding_window", slidingWindow);
        layerTypes = List.copyOf(layerTypes);
        Rules.layerTypes(layerTypes, numHiddenLayers, EnumSet.of(AttentionType.FULL, AttentionType.SLIDING));
        Rules.positiveIfGiven("final_logit_softcapping", finalLogitSoftcapping);
    }

    @Override
    public Architecture architecture() {
        return Architecture.GEMMA_3;
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.perLayer(layerTypes, slidingWindow, 2L * numKeyValueHeads * headDim, positions);
    }
}
