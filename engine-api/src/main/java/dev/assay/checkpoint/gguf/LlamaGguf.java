package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.gguf.GgufBuilder.RowOrder;
import dev.assay.config.HiddenActivation;
import dev.assay.config.Llama3Config;
import dev.assay.config.MistralConfig;

/// Llama 3 and Mistral as `llama`: llama.cpp `conversion/llama.py`, `src/models/llama.cpp`.
final class LlamaGguf {
    private LlamaGguf() {}

    static Gguf of(Llama3Config config) {
        int hidden = config.hiddenSize();
        var file = new GgufBuilder("llama");
        file.requireActivation(config.hiddenAct(), HiddenActivation.SILU);
        file.sizes(config.vocabSize(), hidden, config.numHiddenLayers(), config.maxPositionEmbeddings());
        file.set("feed_forward_length", config.intermediateSize());
        file.heads(config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim());
        file.set("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        file.ropeWithDivisors(config.ropeParameters(), config.headDim());
        file.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "blk." + i;
            String published = "model.layers." + i;
            file.norm(layer + ".attn_norm", published + ".input_layernorm", hidden);
            file.attention(
                    layer,
                    published + ".self_attn",
                    hidden,
                    config.numAttentionHeads(),
                    config.numKeyValueHeads(),
                    config.headDim(),
                    config.attentionBias(),
                    RowOrder.INTERLEAVED);
            file.norm(layer + ".ffn_norm", published + ".post_attention_layernorm", hidden);
            file.gatedMlp(layer, published + ".mlp", config.intermediateSize(), hidden, config.mlpBias());
        }
        file.norm("output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }

    /// Without a window Mistral is a Llama without biases, and that is how its files are published.
    static Gguf of(MistralConfig config) {
        if (config.slidingWindow() != null) {
            return new Gguf.Refused("sliding_window: the architecture llama has none");
        }
        return of(new Llama3Config(
                config.vocabSize(),
                config.hiddenSize(),
                config.intermediateSize(),
                config.numHiddenLayers(),
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                config.headDim(),
                config.hiddenAct(),
                config.maxPositionEmbeddings(),
                config.rmsNormEps(),
                config.tieWordEmbeddings(),
                false,
                false,
                config.ropeParameters()));
    }
}
