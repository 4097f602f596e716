package dev.assay.plan;

/// What mixes tokens: attention.
public sealed interface Mixer permits GroupedQueryAttention, LatentAttention {
    Rotary rotary();

    Mask mask();

    /// What scores q·k are multiplied by.
    double scale();

    /// From heads to the hidden state.
    Linear output();
}
