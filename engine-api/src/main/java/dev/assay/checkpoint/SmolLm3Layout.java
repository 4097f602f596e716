package dev.assay.checkpoint;

import dev.assay.config.SmolLm3Config;
import java.util.List;

/// Tensors of SmolLM3: HF `models/smollm3/modeling_smollm3.py`.
final class SmolLm3Layout {
    private SmolLm3Layout() {}

    static List<TensorSpec> of(SmolLm3Config config) {
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
            layout.norm(layer + ".post_attention_layernorm", hidden);
            layout.gatedMlp(layer + ".mlp", config.intermediateSize(), hidden, config.mlpBias());
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }
}
