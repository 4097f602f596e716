package dev.assay.config;

import org.jspecify.annotations.Nullable;

/// Mistral 7B and Mistral Small 3.1; `model_type` `mistral`, and `mistral3` around it; HF's `MistralConfig`.
///
/// @param architecture Mistral 7B, which has a sliding window, or Mistral Small 3.1
/// @param vocabSize rows of the embedding matrix, and logits of each position
/// @param hiddenSize width of the hidden state
/// @param intermediateSize inner width of the MLP
/// @param numHiddenLayers decoder layers
/// @param numAttentionHeads query heads
/// @param numKeyValueHeads KV heads; each serves equally many query heads
/// @param headDim width of a head
/// @param hiddenAct activation of the MLP's gate
/// @param maxPositionEmbeddings longest context the model was made for, in positions
/// @param rmsNormEps what every RMS norm adds to the mean square
/// @param tieWordEmbeddings whether the output head is the embedding matrix
/// @param slidingWindow positions that every layer sees, its own included; null where layers see all
/// @param ropeParameters of the rotary position embedding
public record MistralConfig(
        Architecture architecture,
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
        @Nullable Integer slidingWindow,
        RopeParameters ropeParameters)
        implements ModelConfig {
    public MistralConfig {
        Rules.require(
                architecture == Architecture.MISTRAL_SMALL_3_1
                        || (architecture == Architecture.MISTRAL_7B && slidingWindow != null),
                "model_type",
                architecture,
                "Mistral 7B with a sliding window, or Mistral Small 3.1");
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.heads(numAttentionHeads, numKeyValueHeads, headDim);
        Rules.rotaryDim("head_dim", headDim);
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
        if (slidingWindow != null) {
            Rules.positive("sliding_window", slidingWindow);
        }
    }

    @Override
    public long kvCacheElements(int positions) {
        int kept = slidingWindow == null ? positions : Math.min(positions, slidingWindow);
        return KvCacheSize.uniform(numHiddenLayers, 2L * numKeyValueHeads * headDim, kept);
    }
}
