package dev.assay.report;

/// Something wrong with the harness, the goldens or the run itself, which is no statement about an engine.
///
/// @param subject what is at fault: a golden case, an engine that could not be loaded, the run
/// @param message what was expected and what was found
/// @param reproduce command that shows the fault again
public record Fault(String subject, String message, String reproduce) {}
