package dev.assay.config;

import java.util.EnumSet;
import java.util.List;

/// Gemma 3n, the text decoder; `model_type` `gemma3n_text`, and `gemma3n` around it; HF's `Gemma3nTextConfig`.
///
/// @param vocabSize rows of the embedding matrix, and logits of each position
/// @param vocabSizePerLayerInput rows of the table of per-layer embeddings
/// @param hiddenSize width of the hidden state
/// @param hiddenSizePerLayerInput width of one layer's embedding in that table
/// @param intermediateSize width of the MLP, for each layer
/// @param activationSparsityPattern share of the gate's values that are cut to zero, from 0 up to but not
///     including 1, for each layer
/// @param numHiddenLayers decoder layers
/// @param numAttentionHeads query heads
/// @param numKeyValueHeads KV heads; each serves equally many query heads
/// @param headDim width of a head
/// @param hiddenActivation activation of the MLP's gate
/// @param maxPositionEmbeddings longest context the model was made for, in positions
/// @param rmsNormEps what every RMS norm adds to the mean square
/// @param tieWordEmbeddings whether the output head is the embedding matrix
/// @param attentionBias whether the projections of queries, keys, values and attention output have biases
/// @param slidingWindow positions that a sliding layer sees, its own included
/// @param layerTypes full or sliding, for each layer
/// @param numKvSharedLayers layers at the end that use the keys and values of the last earlier layer of their type
/// @param fullRopeParameters of full layers; 4.x files spread them over `rope_theta` and `rope_scaling`
/// @param slidingRopeParameters of sliding layers; 4.x files have only their θ, as `rope_local_base_freq`
/// @param finalLogitSoftcapping bound c of logits, c · tanh(logit / c)
/// @param altupNumInputs copies of the hidden state that AltUp carries along
/// @param altupActiveIdx the copy that passes through the layer itself
/// @param altupCorrectScale whether the corrected active copy is scaled by a weight before it meets the per-layer
///     input
/// @param laurelRank inner width of the learned augmented residual
public record Gemma3nConfig(
        int vocabSize,
        int vocabSizePerLayerInput,
        int hiddenSize,
        int hiddenSizePerLayerInput,
        List<Integer> intermediateSize,
        List<Double> activationSparsityPattern,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        HiddenActivation hiddenActivation,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        int slidingWindow,
        List<AttentionType> layerTypes,
        int numKvSharedLayers,
        RopeParameters fullRopeParameters,
        RopeParameters slidingRopeParameters,
        double finalLogitSoftcapping,
        int altupNumInputs,
        int altupActiveIdx,
        boolean altupCorrectScale,
        int laurelRank)
        implements ModelConfig {
    public Gemma3nConfig {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.heads(numAttentionHeads, numKeyValueHeads, headDim);
        Rules.rotaryDim("head_dim", headDim);
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
        Rules.positive("vocab_size_per_layer_input", vocabSizePerLayerInput);
        Rules.positive("hidden_size_per_layer_input", hiddenSizePerLayerInput);
        Rules.width("num_hidden_layers", numHiddenLayers, "hidden_size_per_layer_input", hiddenSizePerLayerInput);
        intermediateSize = List.copyOf(intermediateSize);
        Rules.perLayer("intermediate_size", intermediateSize, numHiddenLayers);
        intermediateSize.forEach(size -> Rules.positive("intermediate_size", size));
        activationSparsityPattern = List.copyOf(activationSparsityPattern);
        Rules.perLayer("activation_sparsity_pattern", activationSparsityPattern, numHiddenLayers);
        for (double share : activationSparsityPattern) {
            Rules.require(share >= 0 && share < 1, "activation_sparsity_pattern", share, "at least 0 and below 1");
        }
        Rules.positive("sliding_window", slidingWindow);
        layerTypes = List.copyOf(layerTypes);
        Rules.layerTypes(layerTypes, numHiddenLayers, EnumSet.of(AttentionType.FULL, AttentionType.SLIDING));
        // HF shares nothing where every layer would be shared, which no file can mean.
        Rules.between("num_kv_shared_layers", numKvSharedLayers, 0, numHiddenLayers - 1, "num_hidden_layers - 1");
        int owners = numHiddenLayers - numKvSharedLayers;
        Rules.require(
                layerTypes.subList(0, owners).containsAll(layerTypes.subList(owners, numHiddenLayers)),
                "num_kv_shared_layers",
                numKvSharedLayers,
                "an earlier layer of each type that shared layers have");
        Rules.positive("final_logit_softcapping", finalLogitSoftcapping);
        Rules.positive("altup_num_inputs", altupNumInputs);
        Rules.between("altup_active_idx", altupActiveIdx, 0, altupNumInputs - 1, "altup_num_inputs - 1");
        Rules.positive("laurel_rank", laurelRank);
    }

    @Override
    public Architecture architecture() {
        return Architecture.GEMMA_3N;
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.perLayer(
                layerTypes.subList(0, numHiddenLayers - numKvSharedLayers),
                slidingWindow,
                2L * numKeyValueHeads * headDim,
                positions);
    }
}
