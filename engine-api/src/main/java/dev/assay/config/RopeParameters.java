package dev.assay.config;

import org.jspecify.annotations.Nullable;

/// Parameters of the rotary position embedding, as in HF's `rope_parameters` (or `rope_theta` and `rope_scaling`).
public sealed interface RopeParameters {
    /// θ, the base of the frequencies.
    double ropeTheta();

    /// No scaling; `rope_type` `default`.
    record Default(double ropeTheta) implements RopeParameters {}

    /// Positions divided by `factor`; `rope_type` `linear`.
    record Linear(double ropeTheta, double factor) implements RopeParameters {}

    /// Low frequencies divided by `factor`, with a smooth transition; `rope_type` `llama3`.
    record Llama3(
            double ropeTheta,
            double factor,
            double lowFreqFactor,
            double highFreqFactor,
            int originalMaxPositionEmbeddings)
            implements RopeParameters {}

    /// YaRN, arXiv:2309.00071; `rope_type` `yarn`.
    ///
    /// @param attentionFactor factor on cos and sin, if the file gives it
    /// @param mscale DeepSeek's numerator of the factor on cos and sin, if given
    /// @param mscaleAllDim DeepSeek's denominator of it, and the source of the softmax scale's correction, if given
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
            implements RopeParameters {}
}
