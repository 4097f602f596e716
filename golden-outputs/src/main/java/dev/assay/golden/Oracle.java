package dev.assay.golden;

/// Who computed a golden case, and how.
///
/// @param library for example `transformers`
/// @param version of the library
/// @param dtype number format of the computation, for example `float64`
/// @param attention implementation of attention, for example `eager`
public record Oracle(String library, String version, String dtype, String attention) {}
