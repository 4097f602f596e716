package dev.assay.report;

/// The strength of what a run says of an engine.
///
/// @param level the weakest of its cases, each by its strongest check; cases without any evidence do not count, as
///     long as one has some
public record EngineEvidence(String engine, EvidenceLevel level) {}
