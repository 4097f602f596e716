package dev.assay.engine;

import java.util.List;

/// What really ran, as proved by the engine rather than as configured.
///
/// @param backend for example `scalar`, `vector`, `cuda`
/// @param vectorBits width of the vector registers in use, in bits; 0 where none are used
/// @param threads worker threads in use
/// @param decisions what the engine chose while loading and why, one sentence each
public record Execution(String backend, int vectorBits, int threads, List<String> decisions) {
    public Execution {
        decisions = List.copyOf(decisions);
    }
}
