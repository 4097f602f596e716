package dev.assay.plan;

import dev.assay.config.HiddenActivation;

/// down(activation(up·x)): GPT-2.
///
/// @param up `[intermediate size][hidden size]`
/// @param down `[hidden size][intermediate size]`
public record PlainMlp(int intermediateSize, HiddenActivation activation, Linear up, Linear down)
        implements FeedForward {
    public PlainMlp {
        Checks.shape(up, intermediateSize, down.outputs());
        Checks.shape(down, up.inputs(), intermediateSize);
    }
}
