package dev.assay.plan.planner;

import dev.assay.config.AttentionType;
import dev.assay.config.Gemma3Config;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Temperature;
import java.util.List;
import java.util.stream.IntStream;

/// Gemma 3: norms before and after, gains of 1 + w, QK-norm a head, sliding layers with a θ of their own between
/// full ones, scores scaled by a number that need not be the head dim's.
///
/// **Source.** arXiv:2503.19786, section 2; transformers 5.18.0 `models/gemma3/modeling_gemma3.py`: `Gemma3RMSNorm`,
/// `Gemma3Attention`, `Gemma3DecoderLayer`, `Gemma3TextScaledWordEmbedding`, `Gemma3RotaryEmbedding`.
final class Gemma3Planner {
    private Gemma3Planner() {}

    static DecoderPlan plan(Gemma3Config config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        var mlp = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenActivation(), false);
        var attentionNorms = new NormPlacement.BeforeAndAfter(
                Parts.rmsOnePlus("input_layernorm", hidden, eps),
                Parts.rmsOnePlus("post_attention_layernorm", hidden, eps));
        var mlpNorms = new NormPlacement.BeforeAndAfter(
                Parts.rmsOnePlus("pre_feedforward_layernorm", hidden, eps),
                Parts.rmsOnePlus("post_feedforward_layernorm", hidden, eps));
        Double bound = config.finalLogitSoftcapping();
        return new DecoderPlan(
                config.architecture(),
                config.vocabSize(),
                hidden,
                config.maxPositionEmbeddings(),
                Parts.embedding(config.vocabSize(), hidden, new Embedding.Scale.Constant(Math.sqrt(hidden))),
                new PerLayerEmbedding.None(),
                new ResidualStream.Single(),
                IntStream.range(0, config.numHiddenLayers())
                        .mapToObj(i -> new Layer(
                                Parts.layer(i),
                                attentionNorms,
                                attention(config, config.layerTypes().get(i)),
                                mlpNorms,
                                mlp,
                                List.of()))
                        .toList(),
                Parts.rmsOnePlus("model.norm", hidden, eps),
                Parts.head(
                        config.tieWordEmbeddings(),
                        config.vocabSize(),
                        hidden,
                        bound == null ? new OutputHead.Softcap.None() : new OutputHead.Softcap.Tanh(bound)),
                List.of("vision tower and multimodal projector, where there are any"));
    }

    private static GroupedQueryAttention attention(Gemma3Config config, AttentionType type) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        int headDim = config.headDim();
        int queries = Parts.width(config.numAttentionHeads(), headDim);
        int keys = Parts.width(config.numKeyValueHeads(), headDim);
        boolean bias = config.attentionBias();
        Span span = Span.of(
                type, config.slidingWindow(), config.fullRopeParameters(), config.slidingRopeParameters(), headDim);
        return new GroupedQueryAttention(
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                headDim,
                Parts.linear("self_attn.q_proj", queries, hidden, bias),
                new GroupedQueryAttention.KeyValueSource.Own(
                        Parts.linear("self_attn.k_proj", keys, hidden, bias),
                        Parts.linear("self_attn.v_proj", keys, hidden, bias),
                        new GroupedQueryAttention.ValueNorm.None()),
                new QkNorm.PerHead(
                        Parts.rmsOnePlus("self_attn.q_norm", headDim, eps),
                        Parts.rmsOnePlus("self_attn.k_norm", headDim, eps)),
                span.rotary(),
                new Temperature.None(),
                span.mask(),
                1 / Math.sqrt(config.queryPreAttnScalar()),
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
    }
}
