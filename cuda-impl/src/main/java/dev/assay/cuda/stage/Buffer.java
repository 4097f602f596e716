package dev.assay.cuda.stage;

/// Intermediate values of a pass, on the device. Rows are tokens.
enum Buffer {
    /// The residual stream, or of several the active one.
    HIDDEN,
    /// What a sub-block sees, and in the end the head.
    INPUT,
    /// What a sub-block computes.
    RESULT,
    /// Queries, keys and values side by side, of latent attention queries and what is cached.
    PROJECTED,
    /// Of queries that are projected in two steps, what is between them.
    QUERY_LATENT,
    /// Their result.
    QUERY,
    /// Queries that latents are compared with.
    ABSORBED,
    /// What attention makes of latents, before it is expanded.
    LATENT_CONTEXT,
    CONTEXT,
    /// Gate and up side by side.
    GATE_UP,
    /// The activated product of both; of [Stage.FeedForward] it may be bfloat16. So may that of experts.
    GATED,
    ROUTER_LOGITS,
    /// Experts of a token, as ints.
    CHOSEN,
    CHOSEN_WEIGHTS,
    /// What weighted experts see, a row for each expert of a token; so are the next three.
    EXPERT_INPUT,
    EXPERT_GATE_UP,
    EXPERT_GATED,
    EXPERT_RESULT,
    SHARED_RESULT,
    LAUREL_LATENT,
    LAUREL,
    /// All residual streams of a token, side by side.
    STREAMS,
    PREDICTIONS,
    MODALITIES,
    COEFFICIENTS,
    /// Embeddings of all layers, side by side.
    PER_LAYER,
    PER_LAYER_GATE,
    /// The input of a product of many tokens as two planes of float16, `[2][rows][columns]`: as many bytes as its
    /// numbers.
    PLANES,
    /// What each row of the planes is to be multiplied by.
    FACTORS,
    /// Experts of all tokens, those of one expert side by side, as ints.
    EXPERT_ORDER
}
