package dev.assay.checkpoint;

import static java.lang.Math.multiplyExact;

import dev.assay.config.Gpt2Config;
import java.util.List;

/// Tensors of GPT-2: HF `models/gpt2/modeling_gpt2.py`, under the published names, which have no `transformer.`
/// before them. Matrices lie transposed, `[in][out]`.
final class Gpt2Layout {
    private Gpt2Layout() {}

    static List<TensorSpec> of(Gpt2Config config) {
        int hidden = config.hiddenSize();
        int intermediate = config.intermediateSize();
        var layout = new LayoutBuilder();
        layout.add("wte.weight", TensorRole.EMBEDDING, config.vocabSize(), hidden);
        layout.add("wpe.weight", TensorRole.EMBEDDING, config.maxPositionEmbeddings(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "h." + i;
            layerNorm(layout, layer + ".ln_1", hidden);
            conv1d(layout, layer + ".attn.c_attn", hidden, multiplyExact(3, hidden));
            conv1d(layout, layer + ".attn.c_proj", hidden, hidden);
            layerNorm(layout, layer + ".ln_2", hidden);
            conv1d(layout, layer + ".mlp.c_fc", hidden, intermediate);
            conv1d(layout, layer + ".mlp.c_proj", intermediate, hidden);
        }
        layerNorm(layout, "ln_f", hidden);
        layout.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }

    private static void layerNorm(LayoutBuilder layout, String module, int size) {
        layout.norm(module, size);
        layout.add(module + ".bias", TensorRole.BIAS, size);
    }

    private static void conv1d(LayoutBuilder layout, String module, int inputs, int outputs) {
        layout.add(module + ".weight", TensorRole.TRANSPOSED_MATRIX, inputs, outputs);
        layout.add(module + ".bias", TensorRole.BIAS, outputs);
    }
}
