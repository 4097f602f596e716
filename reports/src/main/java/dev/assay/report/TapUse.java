package dev.assay.report;

/// How much of its budget an engine used at one place of the computation.
///
/// @param tap for example `context.2`
/// @param layer decoder layer that computed the value there, -1 where none did
/// @param used the largest share over all prompts: at most 1 passes; NaN never does
public record TapUse(String tap, int layer, double used) {}
