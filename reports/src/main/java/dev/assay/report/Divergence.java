package dev.assay.report;

/// The first place, in the order of the computation, where an engine leaves its budget.
///
/// @param tap for example `context.2`
/// @param layer decoder layer, -1 where the tap belongs to none
/// @param prompt id of the prompt
/// @param token position of the largest difference
/// @param channel index of it within the row
/// @param expected the golden value there
/// @param actual the engine's value there
/// @param used share of the budget used at this tap
public record Divergence(
        String tap, int layer, String prompt, int token, int channel, double expected, double actual, double used) {}
