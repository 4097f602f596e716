package dev.assay.checkpoint.gguf;

import dev.assay.config.Gpt2Config;
import dev.assay.config.HiddenActivation;

/// GPT-2 as `gpt2`: llama.cpp `conversion/gpt2.py`, `src/models/gpt2.cpp`. HF's matrices lie transposed.
final class Gpt2Gguf {
    private Gpt2Gguf() {}

    static Gguf of(Gpt2Config config) {
        int hidden = config.hiddenSize();
        int intermediate = config.intermediateSize();
        var file = new GgufBuilder("gpt2");
        file.requireActivation(config.activationFunction(), HiddenActivation.GELU_TANH);
        file.require(config.scaleAttnWeights(), "scale_attn_weights: engines always divide by the root of the width");
        file.require(
                !config.scaleAttnByInverseLayerIdx(),
                "scale_attn_by_inverse_layer_idx: no key; the architecture gpt2 has one scale for all layers");
        file.sizes(config.vocabSize(), hidden, config.numHiddenLayers(), config.maxPositionEmbeddings());
        file.set("feed_forward_length", intermediate);
        file.set("attention.head_count", config.numAttentionHeads());
        file.set("attention.layer_norm_epsilon", config.layerNormEpsilon());
        file.linear("token_embd", "wte", config.vocabSize(), hidden);
        file.vector("position_embd.weight", Source.of("wpe.weight", config.maxPositionEmbeddings(), hidden));
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "blk." + i;
            String published = "h." + i;
            layerNorm(file, layer + ".attn_norm", published + ".ln_1", hidden);
            conv1d(file, layer + ".attn_qkv", published + ".attn.c_attn", hidden, 3 * hidden);
            conv1d(file, layer + ".attn_output", published + ".attn.c_proj", hidden, hidden);
            layerNorm(file, layer + ".ffn_norm", published + ".ln_2", hidden);
            conv1d(file, layer + ".ffn_up", published + ".mlp.c_fc", hidden, intermediate);
            conv1d(file, layer + ".ffn_down", published + ".mlp.c_proj", intermediate, hidden);
        }
        layerNorm(file, "output_norm", "ln_f", hidden);
        file.requiredHead("wte", config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }

    private static void layerNorm(GgufBuilder file, String name, String published, int size) {
        file.norm(name, published, size);
        file.vector(name + ".bias", Source.of(published + ".bias", size));
    }

    private static void conv1d(GgufBuilder file, String name, String published, int inputs, int outputs) {
        file.matrix(
                name + ".weight",
                Source.of(published + ".weight", inputs, outputs).transposed());
        file.vector(name + ".bias", Source.of(published + ".bias", outputs));
    }
}
