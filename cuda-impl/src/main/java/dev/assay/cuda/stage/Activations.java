package dev.assay.cuda.stage;

import dev.assay.cuda.driver.PropertyChoice;
import dev.assay.engine.ComputeType;

/// What activations are in passes of many tokens.
public enum Activations {
    /// What was computed. The default.
    FLOAT32(ComputeType.FLOAT32),
    /// Rounded to bfloat16 where kernels of tensor cores bring them to bfloat16 weights, to a bfloat16 cache or to
    /// expanded latents: half their work, as in common engines, for comparing speeds with these. Sums, a single
    /// token and what stands between products are float32 nevertheless.
    BFLOAT16(ComputeType.BFLOAT16);

    /// The property that chooses, `float32` or `bfloat16`.
    public static final String PROPERTY = "assay.cuda.activations";

    private final ComputeType compute;

    Activations(ComputeType compute) {
        this.compute = compute;
    }

    /// Those that the property asks for.
    ///
    /// @throws IllegalArgumentException if it asks for none of them
    public static Activations ofProperty() {
        return PropertyChoice.of(PROPERTY, Activations.class);
    }

    /// What an engine says of itself that has them.
    public ComputeType compute() {
        return compute;
    }
}
