package dev.assay.plan.planner;

import dev.assay.config.Llama4Config;
import dev.assay.config.PositionEncoding;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.Experts;
import dev.assay.plan.FeedForward;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.Norm;
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

/// Llama 4, Scout and Maverick: layers that turn heads and see chunks between layers that turn nothing and see all,
/// experts whose input the router scales, a shared expert.
///
/// **Source.** transformers 5.18.0 `models/llama4/modeling_llama4.py`: `Llama4TextAttention`, `Llama4TextMoe`,
/// `Llama4Router`, `Llama4TextExperts`, `Llama4TextDecoderLayer`. No paper; Meta's code is meta-llama/llama-models
/// `models/llama4/model.py`.
///
/// **Disagreements.** The temperature of layers without rotary is on by default here and off in Meta's code. Rotary
/// is interleaved: files hold Meta's matrices as they are, unlike those of Llama 3.
final class Llama4Planner {
    private Llama4Planner() {}

    static DecoderPlan plan(Llama4Config config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        var dense = Parts.mlp("feed_forward", config.intermediateSizeMlp(), hidden, config.hiddenAct(), false);
        var experts = new MixtureOfExperts(
                new Router.SigmoidOnInput(
                        Parts.matrix("feed_forward.router", config.numLocalExperts(), hidden),
                        config.numExpertsPerTok()),
                new Experts.Stacked(
                        "feed_forward.experts",
                        config.numLocalExperts(),
                        hidden,
                        config.intermediateSize(),
                        config.hiddenAct()),
                new MixtureOfExperts.SharedExpert.Added(
                        1,
                        Parts.mlp(
                                "feed_forward.shared_expert",
                                config.intermediateSize(),
                                hidden,
                                config.hiddenAct(),
                                false)));
        var attentionNorm = new NormPlacement.Before(Parts.rms("input_layernorm", hidden, eps));
        var mlpNorm = new NormPlacement.Before(Parts.rms("post_attention_layernorm", hidden, eps));
        List<Layer> layers = IntStream.range(0, config.numHiddenLayers())
                .mapToObj(i -> {
                    FeedForward feedForward = config.moeLayers().contains(i) ? experts : dense;
                    return new Layer(
                            Parts.layer(i), attentionNorm, attention(config, i), mlpNorm, feedForward, List.of());
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
                List.of("vision tower and multimodal projector"));
    }

    private static GroupedQueryAttention attention(Llama4Config config, int layer) {
        int hidden = config.hiddenSize();
        int headDim = config.headDim();
        int queries = Parts.width(config.numAttentionHeads(), headDim);
        int keys = Parts.width(config.numKeyValueHeads(), headDim);
        boolean bias = config.attentionBias();
        PositionEncoding encoding = config.positionEncodings().get(layer);
        return new GroupedQueryAttention(
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                headDim,
                Parts.linear("self_attn.q_proj", queries, hidden, bias),
                new GroupedQueryAttention.KeyValueSource.Own(
                        Parts.linear("self_attn.k_proj", keys, hidden, bias),
                        Parts.linear("self_attn.v_proj", keys, hidden, bias),
                        new GroupedQueryAttention.ValueNorm.None()),
                switch (encoding) {
                    case ROPE ->
                        config.useQkNorm()
                                ? new QkNorm.UnweightedAfterRotary(new Norm.RmsUnweighted(headDim, config.rmsNormEps()))
                                : new QkNorm.None();
                    case NOPE -> new QkNorm.None();
                },
                switch (encoding) {
                    case ROPE -> Rotary.interleaved(config.ropeParameters(), headDim);
                    case NOPE -> new Rotary.None();
                },
                switch (encoding) {
                    case ROPE -> new Temperature.None();
                    case NOPE ->
                        config.attnTemperatureTuning()
                                ? new Temperature.LogarithmOfPosition(config.floorScale(), config.attnScale())
                                : new Temperature.None();
                },
                // Masks follow a list of their own, which need not go with the rotary's.
                switch (config.layerTypes().get(layer)) {
                    case FULL -> new Mask.Causal();
                    case CHUNKED -> new Mask.Chunked(config.attentionChunkSize());
                    case SLIDING ->
                        throw new IllegalArgumentException("layer type: found sliding, expected full or chunked");
                },
                1 / Math.sqrt(headDim),
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
    }
}
