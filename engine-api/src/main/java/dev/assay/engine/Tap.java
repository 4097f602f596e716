package dev.assay.engine;

/// The kinds of intermediate value that implementations report, in the order of the computation within a layer.
///
/// The names are those of the golden files. All values are `[T][width]`, T the tokens of the call.
public enum Tap {
    /// Input of decoder layer i, `[T][D]`; at index L, one past the last layer, the output of the final norm.
    HIDDEN("hidden", "residual stream, or final norm after the last layer"),
    /// What the query, key and value projections see, `[T][D]`: after the input norm where the layer has one.
    ATTENTION_INPUT("attention_input", "norm before attention"),
    /// The heads' outputs side by side, `[T][H·dv]`: what the output projection sees.
    CONTEXT("context", "attention: scale, position encoding, mask, softmax, values"),
    /// Output of the output projection, `[T][D]`, before any post-norm and before the residual addition.
    ATTENTION("attention", "attention output projection"),
    /// What the MLP or the mixture of experts sees, `[T][D]`.
    FEED_FORWARD_INPUT("feed_forward_input", "norm before the feed-forward"),
    /// Router logits, `[T][E]`, before any softmax or sigmoid and without any correction bias.
    ROUTER_LOGITS("router_logits", "router"),
    /// Output of the MLP or the mixture of experts, `[T][D]`, before any post-norm and the residual addition.
    FEED_FORWARD("feed_forward", "feed-forward: MLP or experts"),
    /// Logits, `[T][V]`; has no layer.
    LOGITS("logits", "output projection to the vocabulary");

    private final String label;
    private final String operation;

    Tap(String label, String operation) {
        this.label = label;
        this.operation = operation;
    }

    /// Name in golden files and reports, for example `feed_forward_input`.
    public String label() {
        return label;
    }

    /// What computes the value, for people: where to look if it is the first that is wrong.
    public String operation() {
        return operation;
    }
}
