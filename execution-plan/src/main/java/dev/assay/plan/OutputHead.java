package dev.assay.plan;

/// From the final norm's output to logits.
public sealed interface OutputHead {
    Softcap softcap();

    /// The embedding matrix, unscaled, is the head.
    record Tied(Softcap softcap) implements OutputHead {}

    /// A matrix of its own.
    ///
    /// @param weight `[vocabulary][hidden size]`
    record Untied(WeightRef weight, Softcap softcap) implements OutputHead {}

    /// How logits are bounded.
    sealed interface Softcap {
        record None() implements Softcap {}

        /// bound · tanh(logit / bound).
        record Tanh(double bound) implements Softcap {
            public Tanh {
                Checks.positive("softcap", bound);
            }
        }
    }
}
