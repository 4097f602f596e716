package dev.assay.plan;

import dev.assay.config.HiddenActivation;

/// down(activation(gate·x) ⊙ up·x): SwiGLU or GeGLU, arXiv:2002.05202.
///
/// @param gate `[intermediate size][hidden size]`
/// @param up as `gate`
/// @param down `[hidden size][intermediate size]`
/// @param sparsity of gate·x, before the activation
public record GatedMlp(
        int intermediateSize, HiddenActivation activation, Linear gate, Linear up, Linear down, Sparsity sparsity)
        implements FeedForward {
    public GatedMlp {
        Checks.shape(gate, intermediateSize, down.outputs());
        Checks.shape(up, intermediateSize, down.outputs());
        Checks.shape(down, gate.inputs(), intermediateSize);
    }

    /// What is cut from the gate.
    public sealed interface Sparsity {
        record None() implements Sparsity {}

        /// relu(g − (mean(g) + σ(g) · deviations)), with σ of the population: Gemma 3n.
        ///
        /// @param share of the values that are cut, were they normally distributed
        /// @param deviations Φ⁻¹(share)
        record GaussianTopK(double share, double deviations) implements Sparsity {
            public GaussianTopK {
                Checks.require(share > 0 && share < 1, "share", share, "a number between 0 and 1");
                Checks.require(Double.isFinite(deviations), "deviations", deviations, "a finite number");
            }

            public static GaussianTopK cutting(double share) {
                return new GaussianTopK(share, NormalDistribution.quantile(share));
            }
        }
    }
}
