package dev.assay.config;

/// Llama 3, 3.1, 3.2 and 3.3; `model_type` `llama`; HF's `LlamaConfig`.
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
/// @param mlpBias whether the projections of the MLP have biases
/// @param ropeParameters of the rotary position embedding
public record Llama3Config(
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
        boolean mlpBias,
        RopeParameters ropeParameters)
        implements ModelConfig {
    public Llama3Config {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.heads(numAttentionHeads, numKeyValueHeads, headDim);
        Rules.rotaryDim("head_dim", headDim);
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
    }

    @Override
    public Architecture architecture() {
        return Architecture.LLAMA_3;
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.uniform(numHiddenLayers, 2L * numKeyValueHeads * headDim, positions);
    }
}
