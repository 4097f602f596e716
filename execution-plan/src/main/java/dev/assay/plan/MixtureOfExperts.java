package dev.assay.plan;

/// Σ of the chosen experts, weighted as the router says, plus the shared expert's unweighted result.
public record MixtureOfExperts(Router router, Experts experts, SharedExpert shared) implements FeedForward {
    public MixtureOfExperts {
        Checks.require(
                experts.count() == router.experts(),
                "experts",
                experts.count(),
                router.experts() + ", as the router has");
        Checks.shape(router.weight(), router.experts(), experts.hiddenSize());
        switch (shared) {
            case SharedExpert.None _ -> {}
            case SharedExpert.Added(int _, GatedMlp mlp) ->
                Checks.shape(mlp.down(), experts.hiddenSize(), mlp.intermediateSize());
        }
    }

    /// The expert that every token goes to.
    public sealed interface SharedExpert {
        record None() implements SharedExpert {}

        /// One or more, which are one MLP.
        ///
        /// @param count shared experts that `mlp` is the joint width of
        record Added(int count, GatedMlp mlp) implements SharedExpert {
            public Added {
                Checks.positive("shared experts", count);
                Checks.require(
                        mlp.intermediateSize() % count == 0, "shared experts", count, "a divisor of their joint width");
            }
        }
    }
}
