package dev.assay.kernels;

import java.util.Map;

/// The result of a benchmark with one set of parameters.
///
/// @param kernel such as `MatVec`
/// @param side `vector` or `scalar`
/// @param parameters such as `dtype=BF16 rows=1024`, empty for none
/// @param micros of a call on a thread, on average
/// @param rates what [RooflineProfiler] adds, by its names
public record KernelRow(String kernel, String side, String parameters, double micros, Map<String, Double> rates) {}
