package dev.assay.checkpoint;

import dev.assay.config.Qwen3Config;
import java.util.List;

/// Tensors of Qwen3: HF `models/qwen3/modeling_qwen3.py`. Unlike Llama 3, with the weights of the QK-norm, which
/// all heads of a layer share.
final class Qwen3Layout {
    private Qwen3Layout() {}

    static List<TensorSpec> of(Qwen3Config config) {
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
            layout.gatedMlp(layer + ".mlp", config.intermediateSize(), hidden, false);
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }
}
