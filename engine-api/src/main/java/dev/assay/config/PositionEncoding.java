package dev.assay.config;

/// Whether a layer turns queries and keys by their position, HF's `no_rope_layers`.
///
/// An enum because HF's name misleads: its lists hold 1 where RoPE is **on** and 0 where there is none.
public enum PositionEncoding {
    ROPE,
    /// No position encoding at all; order is known only through the causal mask.
    NOPE
}
