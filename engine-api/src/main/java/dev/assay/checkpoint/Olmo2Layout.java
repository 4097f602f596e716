package dev.assay.checkpoint;

import static java.lang.Math.multiplyExact;

import dev.assay.config.Olmo2Config;
import java.util.List;

/// Tensors of OLMo 2: HF `models/olmo2/modeling_olmo2.py`. No norm comes before a sub-block, and the weights of the
/// QK-norm are as wide as the projections.
final class Olmo2Layout {
    private Olmo2Layout() {}

    static List<TensorSpec> of(Olmo2Config config) {
        int hidden = config.hiddenSize();
        var layout = new LayoutBuilder();
        layout.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "model.layers." + i;
            layout.attention(
                    layer + ".self_attn",
                    hidden,
                    config.numAttentionHeads(),
                    config.numKeyValueHeads(),
                    config.headDim(),
                    config.attentionBias());
            layout.norm(layer + ".self_attn.q_norm", multiplyExact(config.numAttentionHeads(), config.headDim()));
            layout.norm(layer + ".self_attn.k_norm", multiplyExact(config.numKeyValueHeads(), config.headDim()));
            layout.norm(layer + ".post_attention_layernorm", hidden);
            layout.gatedMlp(layer + ".mlp", config.intermediateSize(), hidden, false);
            layout.norm(layer + ".post_feedforward_layernorm", hidden);
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }
}
