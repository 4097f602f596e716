package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.gguf.GgufBuilder.RowOrder;
import dev.assay.config.AttentionType;
import dev.assay.config.Gemma3nConfig;
import dev.assay.config.HiddenActivation;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.IntStream;

/// Gemma 3n as `gemma3n`: llama.cpp `conversion/gemma.py`, `src/models/gemma3n.cpp`. Gains are stored as they are.
///
/// Engines have most of the published models' sizes built in; other sizes are refused.
final class Gemma3nGguf {
    private static final int STREAMS = 4;
    private static final int LAUREL_RANK = 64;
    private static final int PER_LAYER_INPUT = 256;
    private static final int FIRST_SHARED_LAYER = 20;
    private static final int SPARSE_LAYERS = 10;
    private static final double SPARSITY = 0.95;
    /// The standard normal quantile of [#SPARSITY].
    private static final double SPARSITY_SCALE = 1.6448536269514722;

    private static final double SOFTCAP = 30;
    /// Every fifth layer is full.
    private static final int PERIOD = 5;

    private Gemma3nGguf() {}

    static Gguf of(Gemma3nConfig config) {
        int hidden = config.hiddenSize();
        int layers = config.numHiddenLayers();
        int perLayer = config.hiddenSizePerLayerInput();
        var file = new GgufBuilder("gemma3n");
        requireBuiltIn(file, config);
        file.sizes(config.vocabSize(), hidden, layers, config.maxPositionEmbeddings());
        file.set("feed_forward_length", config.intermediateSize().getFirst());
        file.heads(config.numAttentionHeads(), config.numKeyValueHeads(), config.headDim());
        file.set("attention.layer_norm_rms_epsilon", config.rmsNormEps());
        file.set("attention.sliding_window", config.slidingWindow());
        file.set(
                "attention.sliding_window_pattern",
                new GgufValue.Bools(config.layerTypes().stream()
                        .map(type -> type == AttentionType.SLIDING)
                        .toList()));
        file.set("attention.shared_kv_layers", config.numKvSharedLayers());
        file.set("altup.active_idx", config.altupActiveIdx());
        file.set("altup.num_inputs", config.altupNumInputs());
        file.set("embedding_length_per_layer_input", perLayer);
        file.set(
                "activation_sparsity_scale",
                new GgufValue.Floats(IntStream.range(0, layers)
                        .mapToObj(i -> i < SPARSE_LAYERS ? (float) SPARSITY_SCALE : Float.NEGATIVE_INFINITY)
                        .toList()));
        file.set("final_logit_softcapping", config.finalLogitSoftcapping());
        file.rope(config.fullRopeParameters(), config.headDim());
        file.set("rope.freq_base_swa", config.slidingRopeParameters().ropeTheta());
        file.embedding(config.vocabSize(), hidden);
        // Ids beyond the published table have no rows in it.
        file.matrix(
                "per_layer_token_embd.weight",
                Source.of("model.embed_tokens_per_layer.weight", config.vocabSizePerLayerInput(), layers * perLayer)
                        .padded(config.vocabSize()));
        file.linear("per_layer_model_proj", "model.per_layer_model_projection", layers * perLayer, hidden);
        file.norm("per_layer_proj_norm", "model.per_layer_projection_norm", perLayer);
        file.matrix("altup_proj.weight", streams(n -> "model.altup_projections." + n, hidden));
        file.matrix("altup_unembd_proj.weight", streams(n -> "model.altup_unembed_projections." + n, hidden));
        for (int i = 0; i < layers; i++) {
            layer(file, i, config);
        }
        file.norm("output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return file.build();
    }

    private static void requireBuiltIn(GgufBuilder file, Gemma3nConfig config) {
        int layers = config.numHiddenLayers();
        file.requireActivation(config.hiddenActivation(), HiddenActivation.GELU_TANH);
        file.requireNoBias("attention_bias", config.attentionBias());
        file.requireBuiltIn("altup_num_inputs", config.altupNumInputs(), STREAMS);
        file.requireBuiltIn("altup_active_idx", config.altupActiveIdx(), 0);
        file.require(config.altupCorrectScale(), "altup_correct_scale: engines always scale");
        file.requireBuiltIn("laurel_rank", config.laurelRank(), LAUREL_RANK);
        file.requireBuiltIn("hidden_size_per_layer_input", config.hiddenSizePerLayerInput(), PER_LAYER_INPUT);
        file.requireBuiltIn(
                "num_hidden_layers less num_kv_shared_layers", layers - config.numKvSharedLayers(), FIRST_SHARED_LAYER);
        file.requireBuiltIn("final_logit_softcapping", config.finalLogitSoftcapping(), SOFTCAP);
        file.require(
                Set.copyOf(config.intermediateSize()).size() == 1,
                "intermediate_size: all layers of the architecture gemma3n are equally wide");
        file.require(
                IntStream.range(0, layers)
                        .allMatch(i -> config.activationSparsityPattern().get(i) == (i < SPARSE_LAYERS ? SPARSITY : 0)),
                "activation_sparsity_pattern: engines take " + SPARSITY + " in the first " + SPARSE_LAYERS
                        + " layers and 0 in the others");
        file.require(
                IntStream.range(0, layers)
                        .allMatch(i -> (config.layerTypes().get(i) == AttentionType.FULL) == ((i + 1) % PERIOD == 0)),
                "layer_types: engines take a full layer in every fifth place");
        file.require(
                config.vocabSizePerLayerInput() <= config.vocabSize(),
                "vocab_size_per_layer_input: engines take a row for each of vocab_size");
        Gemma3Gguf.requireUnscaled(file, config.slidingRopeParameters());
    }

    private static Source streams(IntFunction<String> module, int hidden) {
        return Source.stacked(IntStream.range(0, STREAMS - 1)
                .mapToObj(n -> Source.of(module.apply(n) + ".weight", hidden, hidden))
                .toList());
    }

    private static void layer(GgufBuilder file, int i, Gemma3nConfig config) {
        int hidden = config.hiddenSize();
        int perLayer = config.hiddenSizePerLayerInput();
        String layer = "blk." + i;
        String published = "model.layers." + i;
        file.norm(layer + ".attn_norm", published + ".input_layernorm", hidden);
        attention(file, i, config);
        file.norm(layer + ".post_attention_norm", published + ".post_attention_layernorm", hidden);
        file.norm(layer + ".ffn_norm", published + ".pre_feedforward_layernorm", hidden);
        file.gatedMlp(layer, published + ".mlp", config.intermediateSize().get(i), hidden, false);
        file.norm(layer + ".post_ffw_norm", published + ".post_feedforward_layernorm", hidden);
        file.linear(layer + ".inp_gate", published + ".per_layer_input_gate", perLayer, hidden);
        file.linear(layer + ".proj", published + ".per_layer_projection", hidden, perLayer);
        file.norm(layer + ".post_norm", published + ".post_per_layer_input_norm", hidden);
        small(file, layer + ".altup_correct_coef", published + ".altup.correction_coefs", STREAMS, STREAMS);
        small(file, layer + ".altup_predict_coef", published + ".altup.prediction_coefs", STREAMS * STREAMS, STREAMS);
        file.vector(
                layer + ".altup_correct_scale.weight", Source.of(published + ".altup.correct_output_scale", hidden));
        file.linear(layer + ".altup_router", published + ".altup.modality_router", STREAMS, hidden);
        file.norm(layer + ".altup_router_norm", published + ".altup.router_norm", hidden);
        file.linear(layer + ".laurel_l", published + ".laurel.linear_left", LAUREL_RANK, hidden);
        file.linear(layer + ".laurel_r", published + ".laurel.linear_right", hidden, LAUREL_RANK);
        file.norm(layer + ".laurel_post_norm", published + ".laurel.post_laurel_norm", hidden);
    }

    private static void small(GgufBuilder file, String name, String published, int outputs, int inputs) {
        file.vector(name + ".weight", Source.of(published + ".weight", outputs, inputs));
    }

    /// Layers that use the keys and values of others must have weights for them all the same: zeros here.
    private static void attention(GgufBuilder file, int i, Gemma3nConfig config) {
        String layer = "blk." + i;
        String published = "model.layers." + i + ".self_attn";
        int hidden = config.hiddenSize();
        int heads = config.numAttentionHeads();
        int keys = config.numKeyValueHeads() * config.headDim();
        file.norm(layer + ".attn_q_norm", published + ".q_norm", config.headDim());
        if (i < FIRST_SHARED_LAYER) {
            file.attention(
                    layer,
                    published,
                    hidden,
                    heads,
                    config.numKeyValueHeads(),
                    config.headDim(),
                    false,
                    RowOrder.AS_PUBLISHED);
            file.norm(layer + ".attn_k_norm", published + ".k_norm", config.headDim());
        } else {
            file.linear(layer + ".attn_q", published + ".q_proj", heads * config.headDim(), hidden);
            file.matrix(layer + ".attn_k.weight", zeros(keys, hidden));
            file.matrix(layer + ".attn_v.weight", zeros(keys, hidden));
            file.linear(layer + ".attn_output", published + ".o_proj", hidden, heads * config.headDim());
            file.vector(
                    layer + ".attn_k_norm.weight", zeros(1, config.headDim()).reshaped(config.headDim()));
        }
    }

    private static Source zeros(int rows, int columns) {
        return Source.of(new float[columns]).reshaped(1, columns).padded(rows);
    }
}
