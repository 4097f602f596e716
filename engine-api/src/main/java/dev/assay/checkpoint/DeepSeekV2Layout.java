package dev.assay.checkpoint;

import static java.lang.Math.addExact;
import static java.lang.Math.multiplyExact;

import dev.assay.config.DeepSeekV2Config;
import java.util.List;

/// Tensors of DeepSeek V2: HF `models/deepseek_v2/modeling_deepseek_v2.py`. On disk every routed expert
/// has matrices of its own, as here; HF fuses them when it loads.
final class DeepSeekV2Layout {
    private DeepSeekV2Layout() {}

    static List<TensorSpec> of(DeepSeekV2Config config) {
        int hidden = config.hiddenSize();
        var layout = new LayoutBuilder();
        layout.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "model.layers." + i;
            layout.norm(layer + ".input_layernorm", hidden);
            attention(layout, layer + ".self_attn", config);
            layout.norm(layer + ".post_attention_layernorm", hidden);
            if (i < config.firstKDenseReplace()) {
                layout.gatedMlp(layer + ".mlp", config.intermediateSize(), hidden, config.mlpBias());
            } else {
                experts(layout, layer + ".mlp", config);
            }
        }
        layout.output(config.vocabSize(), hidden, config.tieWordEmbeddings());
        return layout.build();
    }

    private static void attention(LayoutBuilder layout, String module, DeepSeekV2Config config) {
        int hidden = config.hiddenSize();
        int heads = config.numAttentionHeads();
        int nope = config.qkNopeHeadDim();
        int rope = config.qkRopeHeadDim();
        int latent = config.kvLoraRank();
        int queries = multiplyExact(heads, addExact(nope, rope));
        Integer qLoraRank = config.qLoraRank();
        if (qLoraRank == null) {
            // Without a bias even where attention_bias is set, as in HF.
            layout.linear(module + ".q_proj", queries, hidden);
        } else {
            layout.linear(module + ".q_a_proj", qLoraRank, hidden, config.attentionBias());
            layout.norm(module + ".q_a_layernorm", qLoraRank);
            layout.linear(module + ".q_b_proj", queries, qLoraRank);
        }
        layout.linear(module + ".kv_a_proj_with_mqa", addExact(latent, rope), hidden, config.attentionBias());
        layout.norm(module + ".kv_a_layernorm", latent);
        layout.linear(module + ".kv_b_proj", multiplyExact(heads, addExact(nope, config.vHeadDim())), latent);
        layout.linear(module + ".o_proj", hidden, multiplyExact(heads, config.vHeadDim()), config.attentionBias());
    }

    private static void experts(LayoutBuilder layout, String module, DeepSeekV2Config config) {
        int hidden = config.hiddenSize();
        int intermediate = config.moeIntermediateSize();
        layout.add(module + ".gate.weight", TensorRole.ROUTER, config.nRoutedExperts(), hidden);
        for (int e = 0; e < config.nRoutedExperts(); e++) {
            layout.gatedMlp(module + ".experts." + e, intermediate, hidden, false);
        }
        if (config.nSharedExperts() > 0) {
            // Shared experts are one MLP of their joint width.
            layout.gatedMlp(
                    module + ".shared_experts",
                    multiplyExact(intermediate, config.nSharedExperts()),
                    hidden,
                    config.mlpBias());
        }
    }
}
