package dev.assay.plan.planner;

import dev.assay.config.AttentionType;
import dev.assay.config.PositionEncoding;
import dev.assay.config.SmolLm3Config;
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

/// SmolLM3: as Llama 3, but every fourth layer, or those that a list names, turns nothing.
///
/// **Source.** The SmolLM3 report ("NoPE layers", after arXiv:2501.18795); transformers 5.18.0
/// `models/smollm3/modeling_smollm3.py`: `SmolLM3Attention` applies rotary where `no_rope_layers[i]` is 1, whatever
/// the name of that list says.
final class SmolLm3Planner {
    private SmolLm3Planner() {}

    static DecoderPlan plan(SmolLm3Config config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        var mlp = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenAct(), config.mlpBias());
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

    private static GroupedQueryAttention attention(SmolLm3Config config, int layer) {
        int hidden = config.hiddenSize();
        int queries = Parts.width(config.numAttentionHeads(), config.headDim());
        int keys = Parts.width(config.numKeyValueHeads(), config.headDim());
        boolean bias = config.attentionBias();
        PositionEncoding encoding = config.positionEncodings().get(layer);
        return new GroupedQueryAttention(
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                config.headDim(),
                Parts.linear("self_attn.q_proj", queries, hidden, bias),
                new GroupedQueryAttention.KeyValueSource.Own(
                        Parts.linear("self_attn.k_proj", keys, hidden, bias),
                        Parts.linear("self_attn.v_proj", keys, hidden, bias),
                        new GroupedQueryAttention.ValueNorm.None()),
                new QkNorm.None(),
                switch (encoding) {
                    case ROPE -> Rotary.halfSplit(config.ropeParameters(), config.headDim());
                    case NOPE -> new Rotary.None();
                },
                new Temperature.None(),
                mask(config, layer),
                1 / Math.sqrt(config.headDim()),
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
    }

    private static Mask mask(SmolLm3Config config, int layer) {
        Integer window = config.slidingWindow();
        boolean slides = config.layerTypes().get(layer) == AttentionType.SLIDING;
        return window != null && slides ? new Mask.SlidingWindow(window) : new Mask.Causal();
    }
}
