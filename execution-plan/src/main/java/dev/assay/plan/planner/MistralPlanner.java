package dev.assay.plan.planner;

import dev.assay.config.Architecture;
import dev.assay.config.MistralConfig;
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

/// Mistral 7B v0.1, whose window slides in every layer, and Mistral Small 3.1, which sees everything and whose heads
/// are narrower than the hidden size.
///
/// **Source.** arXiv:2310.06825, section 2; transformers 5.18.0 `models/mistral/modeling_mistral.py`: no biases
/// anywhere, and `create_sliding_window_causal_mask` for all layers where `sliding_window` is set.
final class MistralPlanner {
    private MistralPlanner() {}

    static DecoderPlan plan(MistralConfig config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        int queries = Parts.width(config.numAttentionHeads(), config.headDim());
        int keys = Parts.width(config.numKeyValueHeads(), config.headDim());
        Integer window = config.slidingWindow();
        var attention = new GroupedQueryAttention(
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                config.headDim(),
                Parts.linear("self_attn.q_proj", queries, hidden),
                new GroupedQueryAttention.KeyValueSource.Own(
                        Parts.linear("self_attn.k_proj", keys, hidden),
                        Parts.linear("self_attn.v_proj", keys, hidden),
                        new GroupedQueryAttention.ValueNorm.None()),
                new QkNorm.None(),
                Rotary.halfSplit(config.ropeParameters(), config.headDim()),
                new Temperature.None(),
                window == null ? new Mask.Causal() : new Mask.SlidingWindow(window),
                1 / Math.sqrt(config.headDim()),
                Parts.linear("self_attn.o_proj", hidden, queries));
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
                        .mapToObj(i -> new Layer(Parts.layer(i), attentionNorm, attention, mlpNorm, mlp, List.of()))
                        .toList(),
                Parts.rms("model.norm", hidden, eps),
                Parts.head(config.tieWordEmbeddings(), config.vocabSize(), hidden, new OutputHead.Softcap.None()),
                config.architecture() == Architecture.MISTRAL_SMALL_3_1
                        ? List.of("vision tower and multimodal projector")
                        : List.of());
    }
}
