package dev.assay.plan;

/// What a linear map adds to its products.
public sealed interface Bias {
    record None() implements Bias {}

    record Added(VectorRef vector) implements Bias {}
}
