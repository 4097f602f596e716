package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.gguf.GgufBuilder.RowOrder;
import dev.assay.config.HiddenActivation;
import dev.assay.config.Olmo2Config;

/// OLMo 2 as `olmo2`: llama.cpp `conversion/olmo.py`, `src/models/olmo2.cpp`.
final class Olmo2Gguf {
    private Olmo2Gguf() {}

    static Gguf of(Olmo2Config config) {
        int hidden = config.hiddenSize();
        int queries = config.numAttentionHeads() * config.headDim();
        int keys = config.numKeyValueHeads() * config.headDim();
        var file = new GgufBuilder("olmo2");
        file.requireActivation(config.hiddenAct(), HiddenActivation.SILU);
        file.requireNoBias("attention_bias", config.attentionBias());
        file.require(queries == hidden, "head_dim: heads of the architecture olmo2 share out the hidden size");
        file.sizes(config.vocabSize(), hidden, config.numHiddenLayers(), config.maxPositionEmbeddings());
        file.set("feed_forward_length", config.intermediateSize());
        file.heads(config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim());
        file.set("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        file.rope(config.ropeParameters(), config.headDim());
        file.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "blk." + i;
            String published = "model.layers." + i;
            file.attention(
                    layer,
                    published + ".self_attn",
                    hidden,
                    config.numAttentionHeads(),
                    config.numKeyValueHeads(),
                    config.headDim(),
                    false,
                    RowOrder.AS_PUBLISHED);
            file.norm(layer + ".attn_q_norm", published + ".self_attn.q_norm", queries);
            file.norm(layer + ".attn_k_norm", published + ".self_attn.k_norm", keys);
            file.norm(layer + ".post_attention_norm", published + ".post_attention_layernorm", hidden);
            file.gatedMlp(layer, published + ".mlp", config.intermediateSize(), hidden, false);
            file.norm(layer + ".post_ffw_norm", published + ".post_feedforward_layernorm", hidden);
        }
        file.norm("output_norm", "model.norm", hidden);
        file.requiredHead("model.embed_tokens", config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }
}
