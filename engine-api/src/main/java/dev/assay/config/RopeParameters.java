package dev.assay.config;

import org.jspecify.annotations.Nullable;

/// Parameters of the rotary position embedding, as in HF's `rope_parameters` (or `rope_theta` and `rope_scaling`).
public sealed interface RopeParameters {
    /// θ, the base of the frequencies.
    double ropeTheta();

    /// No scaling; `rope_type` `default`.
    record Default(double ropeTheta) implements RopeParameters {
        public Default {
            Rules.positive("rope_theta", ropeTheta);
        }
    }

    /// Positions divided by `factor`; `rope_type` `linear`.
    record Linear(double ropeTheta, double factor) implements RopeParameters {
        public Linear {
            Rules.positive("rope_theta", ropeTheta);
            Rules.positive("factor", factor);
        }
    }

    /// Low frequencies divided by `factor`, with a smooth transition; `rope_type` `llama3`.
    ///
    /// @param lowFreqFactor wavelengths above `originalMaxPositionEmbeddings / lowFreqFactor` positions are
    ///     stretched
    /// @param highFreqFactor wavelengths below `originalMaxPositionEmbeddings / highFreqFactor` positions stay
    record Llama3(
            double ropeTheta,
            double factor,
            double lowFreqFactor,
            double highFreqFactor,
            int originalMaxPositionEmbeddings)
            implements RopeParameters {
        public Llama3 {
            Rules.positive("rope_theta", ropeTheta);
            Rules.positive("factor", factor);
            Rules.positive("low_freq_factor", lowFreqFactor);
            // Llama 4 Scout has 1 for both: a step in place of a smooth transition.
            Rules.require(
                    highFreqFactor >= lowFreqFactor && Double.isFinite(highFreqFactor),
                    "high_freq_factor",
                    highFreqFactor,
                    "a finite number of at least low_freq_factor " + lowFreqFactor);
            Rules.positive("original_max_position_embeddings", originalMaxPositionEmbeddings);
        }
    }

    /// YaRN, arXiv:2309.00071; `rope_type` `yarn`.
    ///
    /// @param attentionFactor factor on cos and sin, if the file gives it
    /// @param mscale DeepSeek's numerator of the factor on cos and sin, if given
    /// @param mscaleAllDim DeepSeek's denominator of it, and the source of the softmax scale's correction, if
    ///     given
    /// @param truncate whether the ends of the ramp are rounded to whole dimensions
    record Yarn(
            double ropeTheta,
            double factor,
            double betaFast,
            double betaSlow,
            int originalMaxPositionEmbeddings,
            @Nullable Double attentionFactor,
            @Nullable Double mscale,
            @Nullable Double mscaleAllDim,
            boolean truncate)
            implements RopeParameters {
        public Yarn {
            Rules.require(
                    ropeTheta > 1 && Double.isFinite(ropeTheta),
                    "rope_theta",
                    ropeTheta,
                    "a finite number above 1, because YaRN divides by its logarithm");
            Rules.positive("factor", factor);
            Rules.positive("beta_slow", betaSlow);
            Rules.require(
                    betaFast >= betaSlow && Double.isFinite(betaFast),
                    "beta_fast",
                    betaFast,
                    "a finite number of at least beta_slow " + betaSlow);
            Rules.positive("original_max_position_embeddings", originalMaxPositionEmbeddings);
            Rules.positiveIfGiven("attention_factor", attentionFactor);
            Rules.positiveIfGiven("mscale", mscale);
            Rules.positiveIfGiven("mscale_all_dim", mscaleAllDim);
        }
    }
}
