package dev.assay.golden;

/// How far the oracle's own float32 run is from its float64 run, in the unit of the tap.
///
/// @param rms root mean square of the difference
/// @param max largest absolute difference
public record FloatError(double rms, double max) {}
