package dev.assay.plan.cost;

/// What vendors count as the parameters that are active for one token. All count every parameter but those of routed
/// experts, and of these as many experts as a token goes to; they differ in what they leave out.
public enum ActiveConvention {
    /// Nothing. Convention A.
    ALL("A", "all"),
    /// Tables that are only looked up in: a token needs one row. A tied table stays, as the head needs all of it.
    /// Convention B, the headline: what a decoded token reads.
    EXCLUDING_INPUT_EMBEDDING("B", "excluding_input_embedding"),
    /// All tables and the head. Convention C.
    EXCLUDING_EMBEDDINGS("C", "excluding_embeddings");

    private final String letter;
    private final String key;

    ActiveConvention(String letter, String key) {
        this.letter = letter;
        this.key = key;
    }

    /// A, B or C.
    public String letter() {
        return letter;
    }

    /// Key in JSON.
    public String key() {
        return key;
    }
}
