package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.gguf.GgufBuilder.RowOrder;
import dev.assay.config.AttentionType;
import dev.assay.config.HiddenActivation;
import dev.assay.config.Qwen3Config;
import dev.assay.config.Qwen3MoeConfig;

/// Qwen3 as `qwen3` and `qwen3moe`: llama.cpp `conversion/qwen.py`, `src/models/qwen3.cpp`, `src/models/qwen3moe.cpp`.
final class Qwen3Gguf {
    private Qwen3Gguf() {}

    static Gguf of(Qwen3Config config) {
        int hidden = config.hiddenSize();
        var file = new GgufBuilder("qwen3");
        file.requireActivation(config.hiddenAct(), HiddenActivation.SILU);
        file.require(
                !config.layerTypes().contains(AttentionType.SLIDING),
                "layer_types: the architecture qwen3 has no sliding layers");
        file.requireNoBias("attention_bias", config.attentionBias());
        file.sizes(config.vocabSize(), hidden, config.numHiddenLayers(), config.maxPositionEmbeddings());
        file.set("feed_forward_length", config.intermediateSize());
        file.heads(config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim());
        file.set("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        file.rope(config.ropeParameters(), config.headDim());
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
                    false,
                    RowOrder.AS_PUBLISHED);
            file.norm(layer + ".attn_q_norm", published + ".self_attn.q_norm", config.headDim());
            file.norm(layer + ".attn_k_norm", published + ".self_attn.k_norm", config.headDim());
            file.norm(layer + ".ffn_norm", published + ".post_attention_layernorm", hidden);
            file.gatedMlp(layer, published + ".mlp", config.intermediateSize(), hidden, false);
        }
        file.norm("output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }

    static Gguf of(Qwen3MoeConfig config) {
        int hidden = config.hiddenSize();
        var file = new GgufBuilder("qwen3moe");
        file.requireActivation(config.hiddenAct(), HiddenActivation.SILU);
        file.require(config.slidingWindow() == null, "sliding_window: the architecture qwen3moe has none");
        file.require(
                config.moeLayers().size() == config.numHiddenLayers(),
                "decoder_sparse_step, mlp_only_layers: every layer of the architecture qwen3moe has experts");
        file.require(
                config.normTopkProb(), "norm_topk_prob: the architecture qwen3moe always normalises experts' weights");
        file.requireNoBias("attention_bias", config.attentionBias());
        file.sizes(config.vocabSize(), hidden, config.numHiddenLayers(), config.maxPositionEmbeddings());
        file.set("feed_forward_length", config.intermediateSize());
        file.set("expert_count", config.numExperts());
        file.set("expert_used_count", config.numExpertsPerTok());
        file.set("expert_feed_forward_length", config.moeIntermediateSize());
        file.heads(config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim());
        file.set("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        file.rope(config.ropeParameters(), config.headDim());
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
                    false,
                    RowOrder.AS_PUBLISHED);
            file.norm(layer + ".attn_q_norm", published + ".self_attn.q_norm", config.headDim());
            file.norm(layer + ".attn_k_norm", published + ".self_attn.k_norm", config.headDim());
            file.norm(layer + ".ffn_norm", published + ".post_attention_layernorm", hidden);
            file.experts(layer, published + ".mlp", config.numExperts(), config.moeIntermediateSize(), hidden);
        }
        file.norm("output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }
}
