package dev.assay.cuda.weight;

/// Matrices of one shape, one for each expert.
///
/// @param first that of expert 0
/// @param count of experts
/// @param stride elements from the beginning of a matrix to that of the next
/// @param scaleStride scales likewise
public record DeviceExperts(DeviceMatrix first, int count, long stride, long scaleStride) {}
