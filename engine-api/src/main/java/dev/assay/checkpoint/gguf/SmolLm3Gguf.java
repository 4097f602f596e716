package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.gguf.GgufBuilder.RowOrder;
import dev.assay.config.AttentionType;
import dev.assay.config.HiddenActivation;
import dev.assay.config.PositionEncoding;
import dev.assay.config.SmolLm3Config;
import java.util.stream.IntStream;

/// SmolLM3 as `smollm3`: llama.cpp `conversion/llama.py` and `conversion/smollm.py`, `src/models/smollm3.cpp`.
final class SmolLm3Gguf {
    /// Every fourth layer has no position encoding: `n_no_rope_layer_step`, which has no key.
    private static final int NOPE_STEP = 4;

    private SmolLm3Gguf() {}

    static Gguf of(SmolLm3Config config) {
        int hidden = config.hiddenSize();
        var file = new GgufBuilder("smollm3");
        file.requireActivation(config.hiddenAct(), HiddenActivation.SILU);
        file.require(
                IntStream.range(0, config.numHiddenLayers())
                        .allMatch(i -> (config.positionEncodings().get(i) == PositionEncoding.NOPE)
                                == ((i + 1) % NOPE_STEP == 0)),
                "no_rope_layers: no key; the architecture smollm3 leaves RoPE out in every fourth layer");
        file.require(
                !config.layerTypes().contains(AttentionType.SLIDING),
                "layer_types: the architecture smollm3 has no sliding layers");
        file.requireNoBias("attention_bias", config.attentionBias());
        file.requireNoBias("mlp_bias", config.mlpBias());
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
                    RowOrder.INTERLEAVED);
            file.norm(layer + ".ffn_norm", published + ".post_attention_layernorm", hidden);
            file.gatedMlp(layer, published + ".mlp", config.intermediateSize(), hidden, false);
        }
        file.norm("output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }
}
