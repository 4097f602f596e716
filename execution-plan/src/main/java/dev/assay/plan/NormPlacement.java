package dev.assay.plan;

/// Where the norms of a sub-block f sit, relative to it and to the residual.
public sealed interface NormPlacement {
    /// x + f(norm(x)).
    record Before(Norm norm) implements NormPlacement {}

    /// x + norm(f(x)): OLMo 2.
    record After(Norm norm) implements NormPlacement {}

    /// x + after(f(before(x))): Gemma 3 and 3n.
    record BeforeAndAfter(Norm before, Norm after) implements NormPlacement {
        public BeforeAndAfter {
            Checks.size("norm after", after, before.size());
        }
    }
}
