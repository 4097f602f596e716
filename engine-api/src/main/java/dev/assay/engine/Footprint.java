package dev.assay.engine;

/// Memory of a loaded model.
///
/// @param weightBytes bytes of weights the engine holds besides the mapped checkpoint (0 if it reads them in place)
/// @param kvCacheElementBytes bytes of one cached number
public record Footprint(long weightBytes, int kvCacheElementBytes) {}
