package dev.assay.engine;

/// Number format in which an engine computes activations; weights stored as bf16 do not make an engine a bf16
/// engine.
public enum ComputeType {
    FLOAT32,
    BFLOAT16,
    FLOAT16
}
