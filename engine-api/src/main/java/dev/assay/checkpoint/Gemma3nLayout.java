package dev.assay.checkpoint;

import static java.lang.Math.multiplyExact;

import dev.assay.config.Gemma3nConfig;
import java.util.List;

/// Tensors of Gemma 3n: HF `models/gemma3n/modeling_gemma3n.py`. Layers that share the keys and values of others
/// need no weights for them; published files carry such weights all the same.
final class Gemma3nLayout {
    private Gemma3nLayout() {}

    static List<TensorSpec> of(Gemma3nConfig config) {
        int hidden = config.hiddenSize();
        int streams = config.altupNumInputs();
        int perLayer = config.hiddenSizePerLayerInput();
        int allLayers = multiplyExact(config.numHiddenLayers(), perLayer);
        var layout = new LayoutBuilder();
        layout.embedding(config.vocabSize(), hidden);
        layout.add(
                "model.embed_tokens_per_layer.weight",
                TensorRole.EMBEDDING,
                config.vocabSizePerLayerInput(),
                allLayers);
        layout.linear("model.per_layer_model_projection", allLayers, hidden);
        layout.norm("model.per_layer_projection_norm", perLayer);
        for (int n = 0; n < streams - 1; n++) {
            layout.linear("model.altup_projections." + n, hidden, hidden);
            layout.linear("model.altup_unembed_projections." + n, hidden, hidden);
        }
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            layer(layout, i, config);
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }

    private static void layer(LayoutBuilder layout, int i, Gemma3nConfig config) {
        int hidden = config.hiddenSize();
        int streams = config.altupNumInputs();
        String layer = "model.layers." + i;
        String attention = layer + ".self_attn";
        int queries = multiplyExact(config.numAttentionHeads(), config.headDim());
        int keys = multiplyExact(config.numKeyValueHeads(), config.headDim());
        layout.norm(layer + ".input_layernorm", hidden);
        layout.linear(attention + ".q_proj", queries, hidden, config.attentionBias());
        layout.norm(attention + ".q_norm", config.headDim());
        if (i < config.numHiddenLayers() - config.numKvSharedLayers()) {
            layout.linear(attention + ".k_proj", keys, hidden, config.attentionBias());
            layout.linear(attention + ".v_proj", keys, hidden, config.attentionBias());
            layout.norm(attention + ".k_norm", config.headDim());
        }
        layout.linear(attention + ".o_proj", hidden, queries, config.attentionBias());
        layout.norm(layer + ".post_attention_layernorm", hidden);
        layout.norm(layer + ".pre_feedforward_layernorm", hidden);
        layout.gatedMlp(layer + ".mlp", config.intermediateSize().get(i), hidden, false);
        layout.norm(layer + ".post_feedforward_layernorm", hidden);
        layout.add(layer + ".altup.correct_output_scale", TensorRole.NORM, hidden);
        layout.linear(layer + ".altup.correction_coefs", streams, streams);
        layout.linear(layer + ".altup.prediction_coefs", multiplyExact(streams, streams), streams);
        layout.linear(layer + ".altup.modality_router", streams, hidden);
        layout.norm(layer + ".altup.router_norm", hidden);
        layout.linear(layer + ".laurel.linear_left", config.laurelRank(), hidden);
        layout.linear(layer + ".laurel.linear_right", hidden, config.laurelRank());
        layout.norm(layer + ".laurel.post_laurel_norm", hidden);
        layout.linear(layer + ".per_layer_input_gate", config.hiddenSizePerLayerInput(), hidden);
        layout.linear(layer + ".per_layer_projection", hidden, config.hiddenSizePerLayerInput());
        layout.norm(layer + ".post_per_layer_input_norm", hidden);
    }
}
