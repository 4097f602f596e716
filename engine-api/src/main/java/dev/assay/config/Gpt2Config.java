package dev.assay.config;

/// GPT-2, `model_type` `gpt2`; HF's `GPT2Config`.
///
/// Components have the names by which HF's other classes, and this one's `attribute_map`, know them; rules name
/// the keys of published files.
///
/// @param vocabSize rows of the embedding matrix, and logits of each position
/// @param hiddenSize `n_embd`
/// @param intermediateSize `n_inner`; four times the hidden size where the file has none
/// @param numHiddenLayers `n_layer`
/// @param numAttentionHeads `n_head`; each is `hiddenSize / numAttentionHeads` wide
/// @param scaleAttnWeights whether attention scores are divided by the root of the head width
/// @param scaleAttnByInverseLayerIdx whether they are divided by the layer's number as well, counted from 1
/// @param activationFunction activation of the MLP
/// @param maxPositionEmbeddings `n_positions`, the rows of the table of learned positions
/// @param layerNormEpsilon what every layer norm adds to the variance
/// @param tieWordEmbeddings whether the output head is the embedding matrix
public record Gpt2Config(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int numHiddenLayers,
        int numAttentionHeads,
        boolean scaleAttnWeights,
        boolean scaleAttnByInverseLayerIdx,
        HiddenActivation activationFunction,
        int maxPositionEmbeddings,
        double layerNormEpsilon,
        boolean tieWordEmbeddings)
        implements ModelConfig {
    public Gpt2Config {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("n_embd", hiddenSize);
        Rules.positive("n_inner", intermediateSize);
        Rules.layers("n_layer", numHiddenLayers);
        Rules.divides("n_head", numAttentionHeads, "n_embd", hiddenSize);
        Rules.positive("n_positions", maxPositionEmbeddings);
        Rules.epsilon("layer_norm_epsilon", layerNormEpsilon);
    }

    @Override
    public Architecture architecture() {
        return Architecture.GPT_2;
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.uniform(numHiddenLayers, 2L * hiddenSize, positions);
    }
}
