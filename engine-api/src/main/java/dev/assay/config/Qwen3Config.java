package dev.assay.config;

import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// Qwen3, dense; `model_type` `qwen3`; HF's `Qwen3Config`.
///
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
/// @param attentionBias whether the projections of queries, keys, values and attention output have biases
/// @param layerTypes full or sliding, for each layer; without a window all are full
/// @param slidingWindow positions that a sliding layer sees, its own included; null where there is no window
/// @param ropeParameters of the rotary position embedding
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
        List<AttentionType> layerTypes,
        @Nullable Integer slidingWindow,
        RopeParameters ropeParameters)
        implements ModelConfig {
    public Qwen3Config {
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
        layerTypes = List.copyOf(layerTypes);
        Rules.layerTypes(
                layerTypes,
                numHiddenLayers,
                slidingWindow == null
                        ? EnumSet.of(AttentionType.FULL)
                        : EnumSet.of(AttentionType.FULL, AttentionType.SLIDING));
    }

    @Override
    public Architecture architecture() {
        return Architecture.QWEN_3;
    }

    @Override
    public long kvCacheElements(int positions) {
        int window = slidingWindow == null ? positions : slidingWindow;
        return KvCacheSize.perLayer(layerTypes, window, 2L * numKeyValueHeads * headDim, positions);
    }
}
