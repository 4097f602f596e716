package dev.assay.checkpoint;

import dev.assay.config.Gemma3Config;
import java.util.List;

/// Tensors of Gemma 3: HF `models/gemma3/modeling_gemma3.py`. Gains of norms are stored as w for 1 + w.
final class Gemma3Layout {
    private Gemma3Layout() {}

    static List<TensorSpec> of(Gemma3Config config) {
        int hidden = config.hiddenSize();
        var layout = new LayoutBuilder();
        layout.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "model.layers." + i;
            layout.gain(layer + ".input_layernorm", hidden);
            layout.attention(
                    layer + ".self_attn",
                    hidden,
                    config.numAttentionHeads(),
                    config.numKeyValueHeads(),
                    config.headDim(),
                    config.attentionBias());
            layout.gain(layer + ".self_attn.q_norm", config.headDim());
            layout.gain(layer + ".self_attn.k_norm", config.headDim());
            layout.gain(layer + ".post_attention_layernorm", hidden);
            layout.gain(layer + ".pre_feedforward_layernorm", hidden);
            layout.gatedMlp(layer + ".mlp", config.intermediateSize(), hidden, false);
            layout.gain(layer + ".post_feedforward_layernorm", hidden);
        }
        layout.gain("model.norm", hidden);
        layout.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }
}
