package dev.assay.plan;

import dev.assay.config.RopeParameters;

/// Frequencies of rotary position embeddings, in double precision.
///
/// Read from Hugging Face transformers 5.18.0, `modeling_rope_utils.py`: `_compute_linear_scaling_rope_parameters`,
/// `_compute_llama3_parameters` and `_compute_yarn_parameters`; YaRN from arXiv:2309.00071, section 3.
public final class RotaryFrequencies {
    private RotaryFrequencies() {}

    /// Angle per position of each of the `dim / 2` pairs.
    public static double[] inverse(RopeParameters parameters, int dim) {
        Checks.require(dim > 0 && dim % 2 == 0, "rotary dim", dim, "an even number above 0");
        double[] frequencies = new double[dim / 2]; // [dim/2]
        for (int j = 0; j < frequencies.length; j++) {
            double plain = Math.pow(parameters.ropeTheta(), -2.0 * j / dim);
            frequencies[j] = switch (parameters) {
                case RopeParameters.Default _ -> plain;
                case RopeParameters.Linear linear -> plain / linear.factor();
                case RopeParameters.Llama3 llama -> stretched(llama, plain);
                case RopeParameters.Yarn yarn -> blended(yarn, plain, j, dim);
            };
        }
        return frequencies;
    }

    /// What cos and sin are multiplied by.
    public static double cosSinFactor(RopeParameters parameters) {
        return switch (parameters) {
            case RopeParameters.Default _, RopeParameters.Linear _, RopeParameters.Llama3 _ -> 1;
            case RopeParameters.Yarn yarn -> {
                Double given = yarn.attentionFactor();
                Double numerator = yarn.mscale();
                Double denominator = yarn.mscaleAllDim();
                if (given != null) {
                    yield given;
                }
                // As in HF, one of the two alone counts for nothing.
                yield numerator != null && denominator != null
                        ? yarnMagnitude(yarn.factor(), numerator) / yarnMagnitude(yarn.factor(), denominator)
                        : yarnMagnitude(yarn.factor(), 1);
            }
        };
    }

    /// DeepSeek's mscale: 0.1 · weight · ln(factor) + 1, or 1 where nothing is stretched.
    public static double yarnMagnitude(double factor, double weight) {
        return factor <= 1 ? 1 : 0.1 * weight * Math.log(factor) + 1;
    }

    private static double stretched(RopeParameters.Llama3 llama, double plain) {
        double wavelength = 2 * Math.PI / plain; // positions
        double length = llama.originalMaxPositionEmbeddings();
        if (wavelength > length / llama.lowFreqFactor()) {
            return plain / llama.factor();
        }
        if (wavelength < length / llama.highFreqFactor()) {
            return plain;
        }
        double range = llama.highFreqFactor() - llama.lowFreqFactor();
        if (range == 0) {
            // Both bounds are the same wavelength, and this is it: HF divides 0 by 0 here. Take it as not stretched.
            return plain;
        }
        double smooth = (length / wavelength - llama.lowFreqFactor()) / range;
        return (1 - smooth) * plain / llama.factor() + smooth * plain;
    }

    private static double blended(RopeParameters.Yarn yarn, double plain, int pair, int dim) {
        double low = correctionDim(yarn, yarn.betaFast(), dim);
        double high = correctionDim(yarn, yarn.betaSlow(), dim);
        if (yarn.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        // The upper bound is HF's, which counts dimensions where the ramp below counts pairs.
        low = Math.max(low, 0);
        high = Math.min(high, dim - 1);
        if (low == high) {
            high += 0.001;
        }
        double interpolated = Math.clamp((pair - low) / (high - low), 0.0, 1.0);
        return plain / yarn.factor() * interpolated + plain * (1 - interpolated);
    }

    /// The pair that makes `rotations` turns within the original context, as a fraction; YaRN's eq. 21.
    private static double correctionDim(RopeParameters.Yarn yarn, double rotations, int dim) {
        double positionsPerRadian = yarn.originalMaxPositionEmbeddings() / (rotations * 2 * Math.PI);
        return dim * Math.log(positionsPerRadian) / (2 * Math.log(yarn.ropeTheta()));
    }
}
