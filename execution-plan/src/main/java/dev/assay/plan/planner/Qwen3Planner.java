package dev.assay.plan.planner;

import dev.assay.config.AttentionType;
import dev.assay.config.Qwen3Config;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Rotary;
import dev.assay.plan.Temperature;
import java.util.List;
import java.util.stream.IntStream;

/// Qwen3, dense: norms before, QK-norm a head, a head dim of its own, SwiGLU.
///
/// **Source.** arXiv:2505.09388, section 2; transformers 5.18.0 `models/qwen3/modeling_qwen3.py`: in
/// `Qwen3Attention` `q_norm` and `k_norm` have `head_dim` weights, after the split into heads and before
/// `apply_rotary_pos_emb`.
final class Qwen3Planner {
    private Qwen3Planner() {}

    static DecoderPlan plan(Qwen3Config config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        var mlp = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenAct(), false);
        var attentionNorm = new NormPlacement.Before(Parts.rms("input_layernorm", hidden, eps));
        var mlpNorm = new NormPlacement.Before(Parts.rms("post_attention_layernorm", hidden, eps));
        return new DecoderPlan(
                config.architecture(),
                config.vocabSize(),
                hidden,
                config.maxPositionEmbeddings(),
                Parts.embedding(config.vocabSize(), hidden, new Embedding.Scale.None()),
                new PerLayerEmbedding.None(),
                new ResidualStream.Single(),
                IntStream.range(0, config.numHiddenLayers())
                        .mapToObj(i ->
                                new Layer(Parts.layer(i), attentionNorm, attention(config, i), mlpNorm, mlp, List.of()))
                        .toList(),
                Parts.rms("model.norm", hidden, eps),
                Parts.head(config.tieWordEmbeddings(), config.vocabSize(), hidden, new OutputHead.Softcap.None()),
                List.of());
    }

    private static GroupedQueryAttention attention(Qwen3Config config, int layer) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        int queries = Parts.width(config.numAttentionHeads(), config.headDim());
        int keys = Parts.width(config.numKeyValueHeads(), config.headDim());
        boolean bias = config.attentionBias();
        return new GroupedQueryAttention(
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                config.headDim(),
                Parts.linear("self_attn.q_proj", queries, hidden, bias),
                new GroupedQueryAttention.KeyValueSource.Own(
                        Parts.linear("self_attn.k_proj", keys, hidden, bias),
                        Parts.linear("self_attn.v_proj", keys, hidden, bias),
                        new GroupedQueryAttention.ValueNorm.None()),
                new QkNorm.PerHead(
                        Parts.rms("self_attn.q_norm", config.headDim(), eps),
                        Parts.rms("self_attn.k_norm", config.headDim(), eps)),
                Rotary.halfSplit(config.ropeParameters(), config.headDim()),
                new Temperature.None(),
                mask(config, layer),
                1 / Math.sqrt(config.headDim()),
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
    }

    private static Mask mask(Qwen3Config config, int layer) {
        Integer window = config.slidingWindow();
        boolean slides = config.layerTypes().get(layer) == AttentionType.SLIDING;
        return window != null && slides ? new Mask.SlidingWindow(window) : new Mask.Causal();
    }
}
