package dev.assay.plan.planner;

import dev.assay.config.Qwen3MoeConfig;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.Experts;
import dev.assay.plan.FeedForward;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import dev.assay.plan.Temperature;
import java.util.List;
import java.util.stream.IntStream;

/// Qwen3 with experts: attention as in the dense model, softmax over all experts and then the best, no shared
/// expert.
///
/// **Source.** arXiv:2505.09388, section 2; transformers 5.18.0 `models/qwen3_moe/modeling_qwen3_moe.py`:
/// `Qwen3MoeAttention`, `Qwen3MoeTopKRouter` (the share of the chosen has no ε), `Qwen3MoeDecoderLayer` (which
/// layers have experts).
final class Qwen3MoePlanner {
    private Qwen3MoePlanner() {}

    static DecoderPlan plan(Qwen3MoeConfig config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        var attention = attention(config);
        var dense = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenAct(), false);
        var router = new Router.SoftmaxTopK(
                Parts.matrix("mlp.gate", config.numExperts(), hidden),
                config.numExpertsPerTok(),
                config.normTopkProb() ? new Router.Weighting.ShareOfChosen(0, 1) : new Router.Weighting.Score(1));
        var experts = new MixtureOfExperts(
                router,
                new Experts.Separate(
                        "mlp.experts", config.numExperts(), hidden, config.moeIntermediateSize(), config.hiddenAct()),
                new MixtureOfExperts.SharedExpert.None());
        var attentionNorm = new NormPlacement.Before(Parts.rms("input_layernorm", hidden, eps));
        var mlpNorm = new NormPlacement.Before(Parts.rms("post_attention_layernorm", hidden, eps));
        List<Layer> layers = IntStream.range(0, config.numHiddenLayers())
                .mapToObj(i -> {
                    // Steps count layers from 1, the list of exceptions from 0.
                    boolean sparse = (i + 1) % config.decoderSparseStep() == 0
                            && !config.mlpOnlyLayers().contains(i);
                    FeedForward feedForward = sparse ? experts : dense;
                    return new Layer(Parts.layer(i), attentionNorm, attention, mlpNorm, feedForward, List.of());
                })
                .toList();
        return new DecoderPlan(
                config.architecture(),
                config.vocabSize(),
                hidden,
                config.maxPositionEmbeddings(),
                Parts.embedding(config.vocabSize(), hidden, new Embedding.Scale.None()),
                new PerLayerEmbedding.None(),
                new ResidualStream.Single(),
                layers,
                Parts.rms("model.norm", hidden, eps),
                Parts.head(config.tieWordEmbeddings(), config.vocabSize(), hidden, new OutputHead.Softcap.None()),
                List.of());
    }

    private static GroupedQueryAttention attention(Qwen3MoeConfig config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        int queries = Parts.width(config.numAttentionHeads(), config.headDim());
        int keys = Parts.width(config.numKeyValueHeads(), config.headDim());
        boolean bias = config.attentionBias();
        Integer window = config.slidingWindow();
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
                window == null ? new Mask.Causal() : new Mask.SlidingWindow(window),
                1 / Math.sqrt(config.headDim()),
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
    }
}
