package dev.assay.checkpoint;

import dev.assay.config.Qwen3MoeConfig;
import java.util.List;

/// Tensors of Qwen3 with experts: HF `models/qwen3_moe/modeling_qwen3_moe.py`. On disk every expert has matrices of
/// its own.
final class Qwen3MoeLayout {
    private Qwen3MoeLayout() {}

    static List<TensorSpec> of(Qwen3MoeConfig config) {
        int hidden = config.hiddenSize();
        var layout = new LayoutBuilder();
        layout.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "model.layers." + i;
            layout.norm(layer + ".input_layernorm", hidden);
            layout.attention(
                    layer + ".self_attn",
                    hidden,
                    config.numAttentionHeads(),
                    config.numKeyValueHeads(),
                    config.headDim(),
                    config.attentionBias());
            layout.norm(layer + ".self_attn.q_norm", config.headDim());
            layout.norm(layer + ".self_attn.k_norm", config.headDim());
            layout.norm(layer + ".post_attention_layernorm", hidden);
            if (config.moeLayers().contains(i)) {
                layout.add(layer + ".mlp.gate.weight", TensorRole.ROUTER, config.numExperts(), hidden);
                for (int e = 0; e < config.numExperts(); e++) {
                    layout.gatedMlp(layer + ".mlp.experts." + e, config.moeIntermediateSize(), hidden, false);
                }
            } else {
                layout.gatedMlp(layer + ".mlp", config.intermediateSize(), hidden, false);
            }
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }
}
