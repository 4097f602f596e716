package dev.assay.reference.math;

import dev.assay.config.RopeParameters;
import dev.assay.config.RopeParameters.Default;
import dev.assay.config.RopeParameters.Linear;
import dev.assay.config.RopeParameters.Llama3;
import dev.assay.config.RopeParameters.Yarn;

/// Rotary position embedding, arXiv:2104.09864, section 3.2.2: pair i of a head is turned by the angle position ·
/// f\[i\], where f\[i\] = θ^(−2i/d) are the inverse frequencies.
///
/// The angle is computed in `double`, as in the float64 oracle. Models run in float32 angles, where position 100 000
/// is some thousandths of a radian off.
///
/// Extensions of the context length change the inverse frequencies; YaRN also multiplies cosine and sine by a
/// factor.
public final class Rope {
    private final double[] inverseFrequencies; // [d/2]
    private final double cosSinFactor;

    /// @param headDim elements that are rotated, d
    public Rope(RopeParameters parameters, int headDim) {
        this.inverseFrequencies = inverseFrequencies(parameters, headDim);
        this.cosSinFactor = cosSinFactor(parameters);
    }

    /// The inverse frequencies f, `[d/2]`, in radians a position.
    public static double[] inverseFrequencies(RopeParameters parameters, int headDim) {
        if (headDim < 2 || headDim % 2 != 0) {
            throw new IllegalArgumentException("rotary embedding needs an even head dim, found " + headDim);
        }
        double[] inverseFrequencies = new double[headDim / 2]; // [d/2]
        for (int i = 0; i < inverseFrequencies.length; i++) {
            double unscaled = 1 / StrictMath.pow(parameters.ropeTheta(), 2.0 * i / headDim);
            inverseFrequencies[i] = switch (parameters) {
                case Default _ -> unscaled;
                // Dividing the frequency is dividing the position.
                case Linear linear -> unscaled / linear.factor();
                case Llama3 llama3 -> scale(unscaled, llama3);
                case Yarn yarn -> scale(unscaled, yarn, i, headDim);
            };
        }
        return inverseFrequencies;
    }

    /// Llama 3.1: divides long wavelengths by the factor, keeps short ones, and blends in between (HF
    /// `modeling_rope_utils.py`, `_compute_llama3_parameters`; no paper gives the formula).
    private static double scale(double unscaled, Llama3 p) {
        double wavelength = 2 * Math.PI / unscaled; // in positions
        if (wavelength > p.originalMaxPositionEmbeddings() / p.lowFreqFactor()) {
            return unscaled / p.factor();
        }
        if (wavelength < p.originalMaxPositionEmbeddings() / p.highFreqFactor()) {
            return unscaled;
        }
        // Llama 4 Scout has low = high, which would divide by zero here, but then no wavelength lies in between.
        double kept = (p.originalMaxPositionEmbeddings() / wavelength - p.lowFreqFactor())
                / (p.highFreqFactor() - p.lowFreqFactor());
        return (1 - kept) * unscaled / p.factor() + kept * unscaled;
    }

    /// YaRN, arXiv:2309.00071, section 3.2 ("NTK-by-parts"), with the ramp over pair indices as in HF and
    /// DeepSeek's code: pairs before the ramp keep their frequency, pairs after it are divided by the factor.
    private static double scale(double unscaled, Yarn p, int i, int headDim) {
        double low = rampDimension(p.betaFast(), p, headDim);
        double high = rampDimension(p.betaSlow(), p, headDim);
        if (p.truncate()) {
            low = Math.floor(low);
            high = Math.ceil(high);
        }
        low = Math.max(low, 0);
        // The bound is d − 1, although there are only d/2 pairs: every implementation has it so.
        high = Math.min(high, headDim - 1);
        if (low == high) {
            // As for equal betas without truncation. Kimi K2 has equal betas and truncates: its ramp is 19 to 20.
            high += 0.001;
        }
        double interpolated = Math.clamp((i - low) / (high - low), 0.0, 1.0); // share of the divided frequency
        return unscaled / p.factor() * interpolated + unscaled * (1 - interpolated);
    }

    /// The pair index, not a whole number, whose wavelength fits `rotations` times into the original context: the i
    /// for which rotations · 2π·θ^(2i/d) = original, where the ramp begins (beta_fast) or ends (beta_slow).
    private static double rampDimension(double rotations, Yarn p, int headDim) {
        return headDim
                * StrictMath.log(p.originalMaxPositionEmbeddings() / (rotations * 2 * Math.PI))
                / (2 * StrictMath.log(p.ropeTheta()));
    }

    /// What cosine and sine are multiplied by; 1 for all but YaRN.
    ///
    /// The factor reaches queries and keys, so it enters the scores squared.
    public static double cosSinFactor(RopeParameters parameters) {
        return switch (parameters) {
            case Default _, Linear _, Llama3 _ -> 1;
            case Yarn yarn -> attentionFactor(yarn);
        };
    }

    private static double attentionFactor(Yarn p) {
        Double attentionFactor = p.attentionFactor();
        if (attentionFactor != null) {
            return attentionFactor;
        }
        Double mscale = p.mscale();
        Double mscaleAllDim = p.mscaleAllDim();
        if (mscale == null || mscaleAllDim == null) {
            return yarnMscale(p.factor(), 1);
        }
        // 1 in every published DeepSeek V3 and Kimi K2 file, where both are 1: the softmax scale has the temperature.
        return yarnMscale(p.factor(), mscale) / yarnMscale(p.factor(), mscaleAllDim);
    }

    /// YaRN's attention temperature √(1/t) = 0.1·mscale·ln(factor) + 1, arXiv:2309.00071, section 3.4, to which
    /// DeepSeek adds `mscale`; 1 where the context is not extended.
    public static double yarnMscale(double factor, double mscale) {
        return factor <= 1 ? 1 : 0.1 * mscale * StrictMath.log(factor) + 1;
    }

    /// Rotates the pairs (i, i + d/2) of a head: Hugging Face's layout for most models. `head` and the result are
    /// `[d]`.
    public float[] rotateHalfSplit(float[] head, int position) {
        int half = requireHeadDim(head) / 2;
        float[] rotated = new float[head.length]; // [d]
        for (int i = 0; i < half; i++) {
            double cos = cosSinFactor * StrictMath.cos(position * inverseFrequencies[i]);
            double sin = cosSinFactor * StrictMath.sin(position * inverseFrequencies[i]);
            rotated[i] = (float) (head[i] * cos - head[i + half] * sin);
            rotated[i + half] = (float) (head[i + half] * cos + head[i] * sin);
        }
        return rotated;
    }

    /// Rotates the pairs (2i, 2i + 1) of a head: the paper's layout, Meta's and DeepSeek's. `head` and the result
    /// are `[d]`.
    public float[] rotateInterleaved(float[] head, int position) {
        int half = requireHeadDim(head) / 2;
        float[] rotated = new float[head.length]; // [d]
        for (int i = 0; i < half; i++) {
            double cos = cosSinFactor * StrictMath.cos(position * inverseFrequencies[i]);
            double sin = cosSinFactor * StrictMath.sin(position * inverseFrequencies[i]);
            rotated[2 * i] = (float) (head[2 * i] * cos - head[2 * i + 1] * sin);
            rotated[2 * i + 1] = (float) (head[2 * i + 1] * cos + head[2 * i] * sin);
        }
        return rotated;
    }

    private int requireHeadDim(float[] head) {
        if (head.length != 2 * inverseFrequencies.length) {
            throw new IllegalArgumentException("rotary embedding of " + 2 * inverseFrequencies.length
                    + " elements given a head of " + head.length);
        }
        return head.length;
    }
}
