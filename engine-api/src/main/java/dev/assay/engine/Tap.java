package dev.assay.engine;

/// The kinds of intermediate value that implementations report, in the order of the computation within a layer.
///
/// The names are those of the golden files. All values are `[T][width]`, T the tokens of the call.
public enum Tap {
    /// Input of decoder layer i, `[T][D]`; at index L, one past the last layer, the output of the final norm.
    HIDDEN("hidden"),
    /// What the query, key and value projections see, `[T][D]`: after the input norm where the layer has one.
    ATTENTION_INPUT("attention_input"),
    /// The heads' outputs side by side, `[T][H·dv]`: what the output projection sees.
    CONTEXT("context"),
    /// Output of the output projection, `[T][D]`, before any post-norm and before the residual addition.
    ATTENTION("attention"),
    /// What the MLP or the mixture of experts sees, `[T][D]`.
    FEED_FORWARD_INPUT("feed_forward_input"),
    /// Router logits, `[T][E]`, before any softmax or sigmoid and without any correction bias.
    ROUTER_LOGITS("router_logits"),
    /// Output of the MLP or the mixture of experts, `[T][D]`, before any post-norm and the residual addition.
    FEED_FORWARD("feed_forward"),
    /// Logits, `[T][V]`; has no layer.
    LOGITS("logits");

    private final String label;

    Tap(String label) {
        this.label = label;
    }

    /// Name in golden files and reports, for example `feed_forward_input`.
    public String label() {
        return label;
    }
}
