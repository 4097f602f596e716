package dev.assay.perf.compare;

import java.util.List;

/// Runs that were made one after another, so that what the machine did meanwhile touched all of them alike.
///
/// The baseline is run twice as often as the candidate and under two names, so that whatever a comparison of the two
/// names finds is noise. The order is baseline, candidate, again, again, candidate, baseline: a speed that drifts
/// evenly cancels out of every comparison.
///
/// @param baseline samples of each of its runs
/// @param again samples of each further run of the baseline
/// @param candidate samples of each of its runs
public record Block(List<double[]> baseline, List<double[]> again, List<double[]> candidate) {
    /// The sides of the runs of a block, in their order.
    public static final List<Side> ORDER =
            List.of(Side.BASELINE, Side.CANDIDATE, Side.AGAIN, Side.AGAIN, Side.CANDIDATE, Side.BASELINE);

    /// Who runs.
    public enum Side {
        BASELINE,
        AGAIN,
        CANDIDATE
    }

    public Block {
        baseline = List.copyOf(baseline);
        again = List.copyOf(again);
        candidate = List.copyOf(candidate);
    }
}
