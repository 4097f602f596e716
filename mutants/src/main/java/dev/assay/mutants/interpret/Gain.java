package dev.assay.mutants.interpret;

import dev.assay.plan.Norm;

/// A norm with its numbers.
///
/// @param weight the stored gain, `[size]`; empty for a norm without
/// @param bias `[size]`; empty for a norm without
public record Gain(Norm norm, double[] weight, double[] bias) {}
