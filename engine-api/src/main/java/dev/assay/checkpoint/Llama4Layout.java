package dev.assay.checkpoint;

import static java.lang.Math.multiplyExact;

import dev.assay.config.Llama4Config;
import java.util.List;

/// Tensors of Llama 4: HF `models/llama4/modeling_llama4.py`. The experts of a layer lie in two tensors, transposed
/// and without `.weight` in their names.
final class Llama4Layout {
    private Llama4Layout() {}

    static List<TensorSpec> of(Llama4Config config) {
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
            String module = layer + ".feed_forward";
            if (config.moeLayers().contains(i)) {
                int experts = config.numLocalExperts();
                int intermediate = config.intermediateSize();
                layout.add(module + ".router.weight", TensorRole.ROUTER, experts, hidden);
                layout.add(
                        module + ".experts.gate_up_proj",
                        TensorRole.TRANSPOSED_MATRIX,
                        experts,
                        hidden,
                        multiplyExact(2, intermediate));
                layout.add(module + ".experts.down_proj", TensorRole.TRANSPOSED_MATRIX, experts, intermediate, hidden);
                layout.gatedMlp(module + ".shared_expert", intermediate, hidden, false);
            } else {
                layout.gatedMlp(module, config.intermediateSizeMlp(), hidden, false);
            }
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }
}
