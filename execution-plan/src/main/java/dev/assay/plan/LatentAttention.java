package dev.assay.plan;

/// Multi-head latent attention of DeepSeek V2 and V3; arXiv:2405.04434, section 2.1.
///
/// A head's query and key are `nopeHeadDim` numbers that no position turns, then `ropeHeadDim` that turn. Keys'
/// turning part is shared by all heads. The rest of keys, and values, are linear in a latent; the cache holds the
/// normalised latent and the turned key, `latentDim + ropeHeadDim` numbers a position.
///
/// @param query to `[heads · (nopeHeadDim + ropeHeadDim)]`; of each head, what does not turn comes first
/// @param keyValueDown `[latentDim + ropeHeadDim][hidden size]`; the latent comes first
/// @param latentNorm of the latent, not of the key behind it
/// @param keyValueUp `[heads · (nopeHeadDim + valueHeadDim)][latentDim]`; of each head, the key comes first
/// @param scale what scores are multiplied by, YaRN's correction included
/// @param output `[hidden size][heads · valueHeadDim]`
public record LatentAttention(
        int heads,
        int nopeHeadDim,
        int ropeHeadDim,
        int valueHeadDim,
        int latentDim,
        QueryProjection query,
        Linear keyValueDown,
        Norm latentNorm,
        WeightRef keyValueUp,
        Rotary rotary,
        Mask mask,
        double scale,
        Linear output)
        implements Mixer {
    public LatentAttention {
        Checks.positive("heads", heads);
        Checks.positive("head dim without rotary", nopeHeadDim);
        Checks.positive("head dim with rotary", ropeHeadDim);
        Checks.positive("head dim of values", valueHeadDim);
        Checks.positive("latent dim", latentDim);
        Checks.positive("attention scale", scale);
        int hidden = keyValueDown.inputs();
        long queries = (long) heads * (nopeHeadDim + ropeHeadDim);
        switch (query) {
            case QueryProjection.Direct(Linear linear) -> Checks.shape(linear, queries, hidden);
            case QueryProjection.ThroughLatent(Linear down, Norm norm, WeightRef up) -> {
                Checks.shape(down, norm.size(), hidden);
                Checks.shape(up, queries, norm.size());
            }
        }
        Checks.shape(keyValueDown, latentDim + ropeHeadDim, hidden);
        Checks.size("norm of the latent", latentNorm, latentDim);
        Checks.shape(keyValueUp, (long) heads * (nopeHeadDim + valueHeadDim), latentDim);
        Checks.shape(output, hidden, (long) heads * valueHeadDim);
        rotary.requireDim(ropeHeadDim);
    }

    /// How queries are projected.
    public sealed interface QueryProjection {
        record Direct(Linear linear) implements QueryProjection {}

        /// up · norm(down · x).
        record ThroughLatent(Linear down, Norm norm, WeightRef up) implements QueryProjection {}
    }
}
