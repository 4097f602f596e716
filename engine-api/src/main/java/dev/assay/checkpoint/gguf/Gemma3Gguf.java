package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.gguf.GgufBuilder.RowOrder;
import dev.assay.config.AttentionType;
import dev.assay.config.Gemma3Config;
import dev.assay.config.HiddenActivation;
import dev.assay.config.RopeParameters;
import java.util.List;
import java.util.OptionalInt;
import java.util.stream.IntStream;

/// Gemma 3 as `gemma3`: llama.cpp `conversion/gemma.py`, `src/models/gemma3.cpp`. Gains are stored as 1 + w.
final class Gemma3Gguf {
    /// Layers of Gemma 3 27B, the only model whose scale engines take from hidden size over heads.
    private static final int LAYERS_OF_27B = 62;

    private Gemma3Gguf() {}

    static Gguf of(Gemma3Config config) {
        int hidden = config.hiddenSize();
        var file = new GgufBuilder("gemma3");
        file.requireActivation(config.hiddenActivation(), HiddenActivation.GELU_TANH);
        file.requireNoBias("attention_bias", config.attentionBias());
        int scalar = config.numHiddenLayers() == LAYERS_OF_27B ? hidden / config.numAttentionHeads() : config.headDim();
        file.requireBuiltIn("query_pre_attn_scalar", config.queryPreAttnScalar(), scalar);
        OptionalInt period = period(config.layerTypes());
        file.require(period.isPresent(), "layer_types: only a full layer in every n-th place has a key");
        requireUnscaled(file, config.slidingRopeParameters());
        file.sizes(config.vocabSize(), hidden, config.numHiddenLayers(), config.maxPositionEmbeddings());
        file.set("feed_forward_length", config.intermediateSize());
        file.heads(config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim());
        file.set("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        file.set("attention.sliding_window", config.slidingWindow());
        period.ifPresent(layers -> file.set("attention.sliding_window_pattern", layers));
        file.rope(config.fullRopeParameters(), config.headDim());
        file.set("rope.freq_base_swa", config.slidingRopeParameters().ropeTheta());
        Double softcap = config.finalLogitSoftcapping();
        if (softcap != null) {
            file.set("final_logit_softcapping", softcap);
        }
        file.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "blk." + i;
            String published = "model.layers." + i;
            gain(file, layer + ".attn_norm", published + ".input_layernorm", hidden);
            file.attention(
                    layer,
                    published + ".self_attn",
                    hidden,
                    config.numAttentionHeads(),
                    config.numKeyValueHeads(),
                    config.headDim(),
                    false,
                    RowOrder.AS_PUBLISHED);
            gain(file, layer + ".attn_q_norm", published + ".self_attn.q_norm", config.headDim());
            gain(file, layer + ".attn_k_norm", published + ".self_attn.k_norm", config.headDim());
            gain(file, layer + ".post_attention_norm", published + ".post_attention_layernorm", hidden);
            gain(file, layer + ".ffn_norm", published + ".pre_feedforward_layernorm", hidden);
            file.gatedMlp(layer, published + ".mlp", config.intermediateSize(), hidden, false);
            gain(file, layer + ".post_ffw_norm", published + ".post_feedforward_layernorm", hidden);
        }
        gain(file, "output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }

    private static void gain(GgufBuilder file, String name, String published, int size) {
        file.vector(name + ".weight", Source.of(published + ".weight", size).plus(1));
    }

    /// The n for which every n-th layer is full and all others slide; one more than there are layers if none is
    /// full.
    private static OptionalInt period(List<AttentionType> layers) {
        return IntStream.rangeClosed(1, layers.size() + 1)
                .filter(n -> IntStream.range(0, layers.size())
                        .allMatch(i -> (layers.get(i) == AttentionType.FULL) == ((i + 1) % n == 0)))
                .findFirst();
    }

    static void requireUnscaled(GgufBuilder file, RopeParameters sliding) {
        file.require(
                sliding instanceof RopeParameters.Default,
                "rope_parameters.sliding_attention: only its rope_theta has a key");
    }
}
