package dev.assay.cuda.weight;

/// A matrix on the device, `[rows][columns]`, its rows one after another.
///
/// @param data address of the elements
/// @param scales address of `[rows][⌈columns / scaleColumns⌉]` scales; 0 but for [WeightType#F8]
/// @param scaleColumns columns that share a scale; 1 but for [WeightType#F8]
public record DeviceMatrix(long data, long scales, int scaleColumns, int rows, int columns, WeightType type) {}
