package dev.assay.config;

import java.util.EnumSet;
import java.util.List;

/// Llama 4, the text decoder; `model_type` `llama4_text`, and `llama4` around it; HF's `Llama4TextConfig`.
///
/// @param vocabSize rows of the embedding matrix, and logits of each position
/// @param hiddenSize width of the hidden state
/// @param intermediateSize width of each expert, the shared one included
/// @param intermediateSizeMlp width of the MLP in layers without experts
/// @param numHiddenLayers decoder layers
/// @param numAttentionHeads query heads
/// @param numKeyValueHeads KV heads; each serves equally many query heads
/// @param headDim width of a head
/// @param numLocalExperts experts that the router chooses from
/// @param numExpertsPerTok experts chosen for each position
/// @param moeLayers layers with experts, in ascending order
/// @param hiddenAct activation of the MLP's gate
/// @param maxPositionEmbeddings longest context the model was made for, in positions
/// @param rmsNormEps what every RMS norm adds to the mean square
/// @param tieWordEmbeddings whether the output head is the embedding matrix
/// @param attentionBias whether the projections of queries, keys, values and attention output have biases
/// @param useQkNorm whether queries and keys are normalised after RoPE, in the layers that have RoPE
/// @param layerTypes full or chunked, for each layer
/// @param attentionChunkSize positions in a chunk
/// @param positionEncodings for each layer; HF's `no_rope_layers`
/// @param ropeParameters of the rotary position embedding
/// @param attnTemperatureTuning whether queries of layers without RoPE are multiplied by
///     1 + attnScale · ln(1 + ⌊(p + 1) / floorScale⌋), p being their position from 0
/// @param floorScale positions from one step of that factor to the next
/// @param attnScale weight of the logarithm in that factor
public record Llama4Config(
        int vocabSize,
        int hiddenSize,
        int intermediateSize,
        int intermediateSizeMlp,
        int numHiddenLayers,
        int numAttentionHeads,
        int numKeyValueHeads,
        int headDim,
        int numLocalExperts,
        int numExpertsPerTok,
        List<Integer> moeLayers,
        HiddenActivation hiddenAct,
        int maxPositionEmbeddings,
        double rmsNormEps,
        boolean tieWordEmbeddings,
        boolean attentionBias,
        boolean useQkNorm,
        List<AttentionType> layerTypes,
        int attentionChunkSize,
        List<PositionEncoding> positionEncodings,
        RopeParameters ropeParameters,
        boolean attnTemperatureTuning,
        int floorScale,
        double attnScale)
        implements MoeConfig {
    public Llama4Config {
        Rules.positive("vocab_size", vocabSize);
        Rules.positive("hidden_size", hiddenSize);
        Rules.positive("intermediate_size", intermediateSize);
        Rules.layers("num_hidden_layers", numHiddenLayers);
        Rules.heads(numAttentionHeads, numKeyValueHeads, headDim);
        Rules.rotaryDim("head_dim", headDim);
        Rules.positive("max_position_embeddings", maxPositionEmbeddings);
        Rules.epsilon("rms_norm_eps", rmsNormEps);
        Rules.positive("intermediate_size_mlp", intermediateSizeMlp);
        Rules.experts("num_local_experts", numLocalExperts, numExpertsPerTok);
        moeLayers = moeLayers.stream().distinct().sorted().toList();
        Rules.layerIndices("moe_layers", moeLayers, numHiddenLayers);
        positionEncodings = List.copyOf(positionEncodings);
        Rules.perLayer("no_rope_layers", positionEncodings, numHiddenLayers);
        layerTypes = List.copyOf(layerTypes);
        Rules.layerTypes(layerTypes, numHiddenLayers, EnumSet.of(AttentionType.FULL, AttentionType.CHUNKED));
        Rules.positive("attention_chunk_size", attentionChunkSize);
        Rules.positive("floor_scale", floorScale);
        Rules.require(
                attnScale >= 0 && Double.isFinite(attnScale), "attn_scale", attnScale, "a finite number of at least 0");
    }

    @Override
    public Architecture architecture() {
        return Architecture.LLAMA_4;
    }

    @Override
    public long kvCacheElements(int positions) {
        return KvCacheSize.perLayer(layerTypes, attentionChunkSize, 2L * numKeyValueHeads * headDim, positions);
    }

    @Override
    public int routedExperts() {
        return numLocalExperts;
    }

    /// One in each layer with experts, which no key says.
    @Override
    public int sharedExperts() {
        return 1;
    }

    @Override
    public int moeIntermediateSize() {
        return intermediateSize;
    }
}
