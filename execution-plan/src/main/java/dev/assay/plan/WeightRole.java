package dev.assay.plan;

/// What a tensor is for, as counts of parameters tell them apart.
public enum WeightRole {
    /// The table of token embeddings; also the head, where it is tied.
    EMBEDDING,
    /// Rows for positions: GPT-2.
    POSITION_EMBEDDING,
    /// Rows for tokens and layers: Gemma 3n.
    PER_LAYER_EMBEDDING,
    ATTENTION,
    NORM,
    DENSE_MLP,
    ROUTER,
    /// Taken into account when experts are chosen; a buffer, which no one counts as a parameter.
    CORRECTION_BIAS,
    ROUTED_EXPERT,
    SHARED_EXPERT,
    /// What Gemma 3n has beside the rest: AltUp, Laurel, per-layer inputs.
    STREAM,
    /// An output head of its own.
    HEAD
}
