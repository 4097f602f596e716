package dev.assay.plan.planner;

import static java.lang.Math.addExact;
import static java.lang.Math.multiplyExact;

import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.TopkMethod;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.Experts;
import dev.assay.plan.FeedForward;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import dev.assay.plan.WeightRef;
import java.util.List;
import java.util.stream.IntStream;

/// DeepSeek V2 and V2-Lite: latent attention; softmax scores that weigh as they are, never as shares of the chosen.
///
/// **Source.** arXiv:2405.04434, section 2; transformers 5.18.0 `models/deepseek_v2/modeling_deepseek_v2.py`:
/// `DeepseekV2Attention`, `DeepseekV2TopkRouter` (a group counts by its best score, scores of other groups count as
/// 0), `DeepseekV2Moe`, `apply_rotary_emb` (pairs (2i, 2i + 1), in place).
///
/// **Disagreements.** transformers 4.57.6 leaves YaRN's magnitude out of the scale of scores; 5.18.0 and DeepSeek's
/// own code do not. `norm_topk_prob` has no effect in 5.18.0, and is false in published files.
final class DeepSeekV2Planner {
    private DeepSeekV2Planner() {}

    static DecoderPlan plan(DeepSeekV2Config config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        var attention = attention(config);
        var dense = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenAct(), config.mlpBias());
        var experts = experts(config);
        var attentionNorm = new NormPlacement.Before(Parts.rms("input_layernorm", hidden, eps));
        var mlpNorm = new NormPlacement.Before(Parts.rms("post_attention_layernorm", hidden, eps));
        List<Layer> layers = IntStream.range(0, config.numHiddenLayers())
                .mapToObj(i -> {
                    FeedForward feedForward = i < config.firstKDenseReplace() ? dense : experts;
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

    private static LatentAttention attention(DeepSeekV2Config config) {
        int hidden = config.hiddenSize();
        int heads = config.numAttentionHeads();
        int nope = config.qkNopeHeadDim();
        int rope = config.qkRopeHeadDim();
        int latent = config.kvLoraRank();
        return new LatentAttention(
                heads,
                nope,
                rope,
                config.vHeadDim(),
                latent,
                LatentParts.query(config.qLoraRank(), heads, addExact(nope, rope), hidden, config.attentionBias()),
                Parts.linear("self_attn.kv_a_proj_with_mqa", addExact(latent, rope), hidden, config.attentionBias()),
                Parts.rms("self_attn.kv_a_layernorm", latent, LatentParts.LATENT_EPS),
                Parts.matrix("self_attn.kv_b_proj", multiplyExact(heads, addExact(nope, config.vHeadDim())), latent),
                Rotary.interleaved(config.ropeParameters(), rope),
                new Mask.Causal(),
                LatentParts.scale(config.ropeParameters(), nope, rope),
                Parts.linear(
                        "self_attn.o_proj", hidden, multiplyExact(heads, config.vHeadDim()), config.attentionBias()));
    }

    private static MixtureOfExperts experts(DeepSeekV2Config config) {
        int hidden = config.hiddenSize();
        int intermediate = config.moeIntermediateSize();
        int count = config.nRoutedExperts();
        int shared = config.nSharedExperts();
        int topK = config.numExpertsPerTok();
        WeightRef weight = Parts.matrix("mlp.gate", count, hidden);
        var weighting = new Router.Weighting.Score(config.routedScalingFactor());
        return new MixtureOfExperts(
                switch (config.topkMethod()) {
                    case TopkMethod.Greedy() -> new Router.SoftmaxTopK(weight, topK, weighting);
                    case TopkMethod.GroupLimitedGreedy(int groups, int chosen) ->
                        new Router.SoftmaxGroupedTopK(weight, topK, groups, chosen, weighting);
                },
                new Experts.Separate("mlp.experts", count, hidden, intermediate, config.hiddenAct()),
                // Unlike routed experts, shared ones have biases where the dense MLP has.
                new MixtureOfExperts.SharedExpert.Added(
                        shared,
                        Parts.mlp(
                                "mlp.shared_experts",
                                multiplyExact(intermediate, shared),
                                hidden,
                                config.hiddenAct(),
                                config.mlpBias())));
    }
}
