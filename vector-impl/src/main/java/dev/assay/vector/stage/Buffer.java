package dev.assay.vector.stage;

/// Where stages find their input and leave their result: one row a token, of the width that the stage knows.
public enum Buffer {
    /// The residual stream; of several, the active one.
    HIDDEN,
    /// What a sub-block sees: the residual stream, normalised where the layer does that.
    INPUT,
    /// What a sub-block makes of it.
    RESULT,
    QUERY,
    KEY,
    VALUE,
    /// Heads' results side by side.
    CONTEXT,
    /// The latent of queries.
    QUERY_LATENT,
    /// Latents and unrotated keys of multi-head latent attention, as projected.
    COMPRESSED,
    GATE,
    UP,
    ROUTER_LOGITS,
    /// Rows of the tokens that an expert gets.
    EXPERT_INPUT,
    EXPERT_RESULT,
    /// Learned augmented residual: its low-rank middle and its result.
    LAUREL_LATENT,
    LAUREL,
    /// All residual streams of AltUp, one after another.
    STREAMS,
    /// What AltUp predicts them to be.
    PREDICTIONS,
    /// What AltUp's coefficients are made from, and the coefficients.
    MODALITIES,
    COEFFICIENTS,
    /// Embeddings that layers get beside the residual stream, all layers side by side.
    PER_LAYER,
    PER_LAYER_GATE
}
