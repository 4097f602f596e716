package dev.assay.plan;

/// How queries and keys are normalised.
public sealed interface QkNorm {
    record None() implements QkNorm {}

    /// Before rotary, each head by itself with one weight of the head dim for all: Qwen3, Gemma 3.
    record PerHead(Norm queries, Norm keys) implements QkNorm {}

    /// As [PerHead], of a layer that takes its keys from another: Gemma 3n.
    record PerHeadQueriesOnly(Norm queries) implements QkNorm {}

    /// Before rotary, over all heads together: OLMo 2.
    record WholeProjection(Norm queries, Norm keys) implements QkNorm {}

    /// After rotary, each head by itself without a weight: Llama 4.
    record UnweightedAfterRotary(Norm.RmsUnweighted norm) implements QkNorm {}
}
