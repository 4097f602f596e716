package dev.assay.config;

/// Which earlier positions a layer attends to, HF's `layer_types`.
public enum AttentionType {
    /// All of them; `full_attention`.
    FULL,
    /// Itself and the window − 1 positions before it; `sliding_attention`.
    SLIDING,
    /// Itself and the earlier positions of its own chunk; `chunked_attention`. Chunks start at multiples of their
    /// size.
    CHUNKED
}
