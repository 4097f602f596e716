package dev.assay.plan.planner;

import static java.lang.Math.addExact;

import dev.assay.config.RopeParameters;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.RotaryFrequencies;
import org.jspecify.annotations.Nullable;

/// What DeepSeek V2 and V3 spell alike: `DeepseekV2Attention` and `DeepseekV3Attention` of transformers 5.18.0.
final class LatentParts {
    /// Both classes leave the ε of these norms to their RMS norm's default, whatever `rms_norm_eps` says.
    static final double LATENT_EPS = 1e-6;

    private LatentParts() {}

    static LatentAttention.QueryProjection query(
            @Nullable Integer rank, int heads, int headDim, int hidden, boolean biased) {
        int width = Parts.width(heads, headDim);
        if (rank == null) {
            // Without a bias even where `attention_bias` is set.
            return new LatentAttention.QueryProjection.Direct(Parts.linear("self_attn.q_proj", width, hidden));
        }
        return new LatentAttention.QueryProjection.ThroughLatent(
                Parts.linear("self_attn.q_a_proj", rank, hidden, biased),
                Parts.rms("self_attn.q_a_layernorm", rank, LATENT_EPS),
                Parts.matrix("self_attn.q_b_proj", width, rank));
    }

    /// 1 / √d · m²: `yarn_apply_mscale`. YaRN's magnitude correction stands in the scores, once for the query and
    /// once for the key, and not on cos and sin alone, because only a part of a head turns.
    static double scale(RopeParameters parameters, int nopeHeadDim, int ropeHeadDim) {
        double plain = 1 / Math.sqrt(addExact(nopeHeadDim, ropeHeadDim));
        return switch (parameters) {
            case RopeParameters.Default _, RopeParameters.Linear _, RopeParameters.Llama3 _ -> plain;
            case RopeParameters.Yarn yarn -> {
                Double weight = yarn.mscaleAllDim();
                double magnitude = weight == null ? 1 : RotaryFrequencies.yarnMagnitude(yarn.factor(), weight);
                yield plain * magnitude * magnitude;
            }
        };
    }
}
