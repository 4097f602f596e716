package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.gguf.GgufBuilder.RowOrder;
import dev.assay.config.AttentionType;
import dev.assay.config.HiddenActivation;
import dev.assay.config.Llama4Config;
import dev.assay.config.PositionEncoding;
import java.util.List;
import java.util.stream.IntStream;

/// Llama 4 as `llama4`: llama.cpp `conversion/llama4.py`, `src/models/llama4.cpp`. HF rotates adjacent pairs here, as
/// engines do, so rows keep their order.
final class Llama4Gguf {
    private static final int CHUNK = 8192;
    private static final int FLOOR_SCALE = 8192;
    private static final double ATTENTION_SCALE = 0.1;
    /// Every fourth layer is full and has no position encoding.
    private static final int STEP = 4;

    /// Experts of Maverick, the only model that engines run without a QK-norm.
    private static final int EXPERTS_OF_MAVERICK = 128;

    private Llama4Gguf() {}

    static Gguf of(Llama4Config config) {
        int hidden = config.hiddenSize();
        int layers = config.numHiddenLayers();
        var file = new GgufBuilder("llama4");
        int step = config.moeLayers().isEmpty() ? 1 : config.moeLayers().getFirst() + 1;
        requireBuiltIn(file, config, step);
        file.sizes(config.vocabSize(), hidden, layers, config.maxPositionEmbeddings());
        file.set("feed_forward_length", config.intermediateSizeMlp());
        file.set("interleave_moe_layer_step", step);
        file.set("expert_count", config.numLocalExperts());
        file.set("expert_used_count", config.numExpertsPerTok());
        file.set("expert_feed_forward_length", config.intermediateSize());
        file.heads(config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim());
        file.set("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        file.ropeWithDivisors(config.ropeParameters(), config.headDim());
        file.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < layers; i++) {
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
            file.norm(layer + ".ffn_norm", published + ".post_attention_layernorm", hidden);
            if (config.moeLayers().contains(i)) {
                experts(file, layer, published + ".feed_forward", config);
            } else {
                file.gatedMlp(layer, published + ".feed_forward", config.intermediateSizeMlp(), hidden, false);
            }
        }
        file.norm("output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }

    private static void requireBuiltIn(GgufBuilder file, Llama4Config config, int step) {
        int layers = config.numHiddenLayers();
        file.requireActivation(config.hiddenAct(), HiddenActivation.SILU);
        file.requireNoBias("attention_bias", config.attentionBias());
        file.requireBuiltIn("attention_chunk_size", config.attentionChunkSize(), CHUNK);
        file.require(config.attnTemperatureTuning(), "attn_temperature_tuning: engines always tune");
        file.requireBuiltIn("floor_scale", config.floorScale(), FLOOR_SCALE);
        file.requireBuiltIn("attn_scale", config.attnScale(), ATTENTION_SCALE);
        file.require(
                config.useQkNorm() == (config.numLocalExperts() != EXPERTS_OF_MAVERICK),
                "use_qk_norm: engines normalise unless there are " + EXPERTS_OF_MAVERICK + " experts");
        file.require(
                IntStream.range(0, layers).allMatch(i -> {
                    boolean full = (i + 1) % STEP == 0;
                    return (config.positionEncodings().get(i) == PositionEncoding.NOPE) == full
                            && (config.layerTypes().get(i) == AttentionType.FULL) == full;
                }),
                "no_rope_layers, layer_types: engines take a full layer without RoPE in every fourth place");
        file.require(
                config.moeLayers()
                        .equals(IntStream.range(0, layers)
                                .filter(i -> (i + 1) % step == 0)
                                .boxed()
                                .toList()),
                "moe_layers: only experts in every n-th layer have a key");
    }

    /// HF keeps gate and up of all experts side by side, `[E][D][2I]`, and down as `[E][I][D]`: both transposed.
    private static void experts(GgufBuilder file, String layer, String published, Llama4Config config) {
        int hidden = config.hiddenSize();
        int experts = config.numLocalExperts();
        int intermediate = config.intermediateSize();
        file.vector(layer + ".ffn_gate_inp.weight", Source.of(published + ".router.weight", experts, hidden));
        Source gateUp = Source.of(published + ".experts.gate_up_proj", experts, hidden, 2 * intermediate)
                .transposed();
        file.matrix(layer + ".ffn_gate_exps.weight", gateUp.slice(0, intermediate));
        file.matrix(layer + ".ffn_up_exps.weight", gateUp.slice(intermediate, 2 * intermediate));
        file.matrix(
                layer + ".ffn_down_exps.weight",
                Source.of(published + ".experts.down_proj", experts, intermediate, hidden)
                        .transposed());
        for (String projection : List.of("gate", "up")) {
            file.linear(
                    layer + ".ffn_" + projection + "_shexp",
                    published + ".shared_expert." + projection + "_proj",
                    intermediate,
                    hidden);
        }
        file.linear(layer + ".ffn_down_shexp", published + ".shared_expert.down_proj", hidden, intermediate);
    }
}
