package dev.assay.checkpoint;

/// What a tensor is for: it decides the types it may have and how it is synthesised.
public enum TensorRole {
    EMBEDDING,
    /// Output head of a model whose embedding is not tied to it.
    HEAD,
    /// Matrix of a linear layer; in FP8 checkpoints, the only role that is FP8.
    MATRIX,
    /// Matrix of a linear layer that lies transposed, `[in][out]`, alone or with others in one tensor
    /// `[count][in][out]`.
    TRANSPOSED_MATRIX,
    /// Matrix of a router: one row per routed expert.
    ROUTER,
    /// Gain of a norm.
    NORM,
    /// Gain of a norm that is stored as w and used as 1 + w.
    ZERO_CENTRED_NORM,
    /// Bias of a linear layer.
    BIAS,
    /// Bias that takes part in the choice of experts but not in their weights.
    CORRECTION_BIAS
}
