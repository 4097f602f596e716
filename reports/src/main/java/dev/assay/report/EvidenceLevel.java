package dev.assay.report;

/// What a comparison with the oracle rests on, weakest first. Only [#FULL_LOGITS] and better can show conformance.
public enum EvidenceLevel {
    /// Nothing of the oracle's: the engine was compared with itself or with the configuration, or did not run.
    NONE("no comparison with the oracle"),
    /// The most probable token of a position. Four of eleven wrong wirings keep every one of them.
    GREEDY_TOKENS("greedy tokens"),
    /// Log-probabilities of the most probable tokens: blind to what is added to all logits, and to the others.
    TOP_LOG_PROBABILITIES("top log-probabilities"),
    /// Every logit.
    FULL_LOGITS("full logits"),
    /// Every logit and every value on the way that the golden has.
    FULL_LOGITS_AND_TAPS("full logits with taps");

    private final String told;

    EvidenceLevel(String told) {
        this.told = told;
    }

    /// Whether an engine of which this is known may be called conformant.
    public boolean certifies() {
        return compareTo(FULL_LOGITS) >= 0;
    }

    /// Name for people.
    public String told() {
        return told;
    }
}
