package dev.assay.plan.planner;

import static java.lang.Math.addExact;
import static java.lang.Math.multiplyExact;

import dev.assay.config.DeepSeekV3Config;
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
import dev.assay.plan.VectorRef;
import java.util.List;
import java.util.stream.IntStream;

/// DeepSeek V3 and R1, and Kimi K2, which is a configuration of it.
///
/// **Source.** arXiv:2412.19437, section 2.1; transformers 5.18.0 `models/deepseek_v3/modeling_deepseek_v3.py`:
/// `DeepseekV3Attention`, `DeepseekV3TopkRouter`, `DeepseekV3MoE`.
///
/// **Disagreements.** HF leaves turned halves of interleaved pairs apart, DeepSeek's code puts them back: scores are
/// the same. HF masks experts of other groups with −∞, DeepSeek's published Python code with 0, which differs where a
/// chosen group's biased scores are negative: HF is followed.
final class DeepSeekV3Planner {
    private DeepSeekV3Planner() {}

    static DecoderPlan plan(DeepSeekV3Config config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        var attention = attention(config);
        var dense = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenAct(), false);
        var experts = experts(config);
        var attentionNorm = new NormPlacement.Before(Parts.rms("input_layernorm", hidden, eps));
        var mlpNorm = new NormPlacement.Before(Parts.rms("post_attention_layernorm", hidden, eps));
        List<Layer> layers = IntStream.range(0, config.numHiddenLayers())
                .mapToObj(i -> {
                    FeedForward feedForward = i < config.firstKDenseReplace() ? dense : experts;
                    return new Layer(Parts.layer(i), attentionNorm, attention, mlpNorm, feedForward, List.of());
                })
                .toList();
        int predictors = config.numNextnPredictLayers();
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
                predictors == 0
                        ? List.of()
                        : List.of("multi-token prediction, layers from " + config.numHiddenLayers() + " on: "
                                + predictors));
    }

    private static LatentAttention attention(DeepSeekV3Config config) {
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
                config.ropeInterleave()
                        ? Rotary.interleaved(config.ropeParameters(), rope)
                        : Rotary.halfSplit(config.ropeParameters(), rope),
                new Mask.Causal(),
                LatentParts.scale(config.ropeParameters(), nope, rope),
                Parts.linear(
                        "self_attn.o_proj", hidden, multiplyExact(heads, config.vHeadDim()), config.attentionBias()));
    }

    private static MixtureOfExperts experts(DeepSeekV3Config config) {
        int hidden = config.hiddenSize();
        int intermediate = config.moeIntermediateSize();
        int count = config.nRoutedExperts();
        int shared = config.nSharedExperts();
        var router = new Router.SigmoidGroupedTopK(
                Parts.matrix("mlp.gate", count, hidden),
                VectorRef.of("mlp.gate.e_score_correction_bias", count),
                config.numExpertsPerTok(),
                config.nGroup(),
                config.topkGroup(),
                config.normTopkProb()
                        ? new Router.Weighting.ShareOfChosen(1e-20, config.routedScalingFactor())
                        : new Router.Weighting.Score(config.routedScalingFactor()));
        return new MixtureOfExperts(
                router,
                new Experts.Separate("mlp.experts", count, hidden, intermediate, config.hiddenAct()),
                new MixtureOfExperts.SharedExpert.Added(
                        shared,
                        Parts.mlp(
                                "mlp.shared_experts",
                                multiplyExact(intermediate, shared),
                                hidden,
                                config.hiddenAct(),
                                false)));
    }
}
