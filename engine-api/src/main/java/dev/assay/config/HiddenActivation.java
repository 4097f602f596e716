package dev.assay.config;

/// Activation of the MLP, HF's `hidden_act`.
public enum HiddenActivation {
    SILU,
    /// GELU with the tanh approximation, HF's `gelu_pytorch_tanh` and `gelu_new`.
    GELU_TANH,
    /// GELU as it is defined, by the error function; HF's `gelu`.
    GELU_ERF
}
