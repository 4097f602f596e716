package dev.assay.checkpoint;

import dev.assay.config.MistralConfig;
import java.util.List;

/// Tensors of Mistral: HF `models/mistral/modeling_mistral.py`.
final class MistralLayout {
    private MistralLayout() {}

    static List<TensorSpec> of(MistralConfig config) {
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
                    false);
            layout.norm(layer + ".post_attention_layernorm", hidden);
            layout.gatedMlp(layer + ".mlp", config.intermediateSize(), hidden, false);
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }
}
