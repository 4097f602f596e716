package dev.assay.report;

import java.util.List;

/// An engine of the run and what it says of itself.
///
/// @param backend what really ran, for example `scalar`
/// @param vectorBits width of its vector registers in bits, 0 for none
/// @param decisions what it chose while loading, one sentence each
public record EngineSummary(
        String id,
        String title,
        String version,
        String compute,
        String backend,
        int vectorBits,
        List<String> decisions) {
    public EngineSummary {
        decisions = List.copyOf(decisions);
    }
}
