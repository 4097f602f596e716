package dev.assay.checkpoint;

/// A tensor in a file that the text model does not use, and why: `vision tower`, `multi-token prediction layer`, ….
public record SkippedTensor(TensorInfo tensor, String reason) {}
