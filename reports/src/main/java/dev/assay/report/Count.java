package dev.assay.report;

/// A number that follows from the configuration, beside the same number counted while the engine ran.
///
/// @param tokens the tokens it was counted over
/// @param formula what the configuration says it is
/// @param counted what it was; where tokens differ, of the first that does not agree
public record Count(Quantity quantity, int tokens, long formula, long counted) {
    /// What is counted.
    public enum Quantity {
        /// Bytes of keys, values or latents that a session holds after so many tokens.
        KV_CACHE_BYTES,
        /// Experts that each of so many tokens goes to in each layer that has experts. Routed experts are
        /// counted as the engine names them; shared experts have no names and are added to both sides from the
        /// configuration.
        EXPERTS_PER_TOKEN,
        /// Parameters that each of so many tokens uses: every tensor of the checkpoint but those of routed
        /// experts, and of these the ones of the experts that the engine named for the token. Both embeddings
        /// are included.
        ACTIVE_PARAMETERS
    }

    /// Whether both are the same.
    public boolean agrees() {
        return formula == counted;
    }
}
