package dev.assay.engine;

/// Identity of an engine.
///
/// @param id what users type after `--engine`: lower case, no spaces
/// @param title name for people
/// @param version version of the engine's code
/// @param compute number format of activations and accumulation, which decides the tolerance
public record EngineInfo(String id, String title, String version, ComputeType compute) {
    public EngineInfo {
        if (!id.matches("[a-z0-9][a-z0-9.-]*")) {
            throw new IllegalArgumentException("engine id must match [a-z0-9][a-z0-9.-]*, found: " + id);
        }
    }
}
