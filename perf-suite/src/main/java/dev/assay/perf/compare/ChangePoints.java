package dev.assay.perf.compare;

import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;

/// Where the level of a series changes: E-divisive of Matteson and James, "A nonparametric approach for multiple change
/// point analysis of multivariate data", Journal of the American Statistical Association 109 (2014), with exponent 1.
///
/// A segment is split where the energy distance between its two parts is largest. Whether that is more than chance is
/// asked of permutations within the segments; the first split that is not ends the search. As in Hunter (Fleming and
/// others, ICPE 2023) a part ends where its segment ends, which the paper leaves open.
final class ChangePoints {
    /// Points of a part: fewer are outliers, not a level.
    static final int SHORTEST = 3;

    private static final int PERMUTATIONS = 999;
    /// Fixed, so that the same series always has the same change points.
    private static final long SEED = 0x5eed;

    private ChangePoints() {}

    /// A change.
    ///
    /// @param at index of the first point of the new level
    /// @param p share of permutations with as clear a change
    record ChangePoint(int at, double p) {}

    /// A way to split a segment in two.
    ///
    /// @param at index of the first point of the second part
    /// @param statistic the scaled energy distance; negative where no split is possible
    private record Split(int at, double statistic) {
        static final Split NONE = new Split(-1, -1);
    }

    /// All changes, in the order of the series.
    ///
    /// @param significance largest p of a change
    static List<ChangePoint> of(double[] series, double significance) {
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        List<ChangePoint> found = new ArrayList<>();
        List<Integer> bounds = new ArrayList<>(List.of(0, series.length));
        while (true) {
            Split best = best(series, bounds);
            if (best.at() < 0) {
                return found;
            }
            int asClear = 1; // the series itself is one of its permutations
            for (int i = 0; i < PERMUTATIONS; i++) {
                asClear += best(permuted(series, bounds, random), bounds).statistic() >= best.statistic() ? 1 : 0;
            }
            double p = asClear / (PERMUTATIONS + 1.0);
            if (p > significance) {
                return found;
            }
            found.add(new ChangePoint(best.at(), p));
            found.sort(java.util.Comparator.comparingInt(ChangePoint::at));
            bounds.add(best.at());
            bounds.sort(null);
        }
    }

    /// The clearest split of any segment.
    private static Split best(double[] series, List<Integer> bounds) {
        Split best = Split.NONE;
        for (int i = 0; i + 1 < bounds.size(); i++) {
            Split split = split(series, bounds.get(i), bounds.get(i + 1));
            best = split.statistic() > best.statistic() ? split : best;
        }
        return best;
    }

    /// The clearest split of the segment from `from` to before `to`.
    ///
    /// The sums of distances within and between the parts are carried from split to split: O(n^2) in all.
    private static Split split(double[] series, int from, int to) {
        int n = to - from;
        if (n < 2 * SHORTEST) {
            return Split.NONE;
        }
        double left = 0; // sum of distances of all pairs in the first part
        double right = 0;
        double between = 0;
        for (int i = from; i < to; i++) {
            for (int j = i + 1; j < to; j++) {
                right += Math.abs(series[i] - series[j]);
            }
        }
        Split best = Split.NONE;
        for (int at = from + 1; at <= to - SHORTEST; at++) {
            double toLeft = 0; // distances of the point that changes sides
            double toRight = 0;
            for (int i = from; i < to; i++) {
                double distance = Math.abs(series[i] - series[at - 1]);
                toLeft += i < at - 1 ? distance : 0;
                toRight += i > at - 1 ? distance : 0;
            }
            left += toLeft;
            right -= toRight;
            between += toRight - toLeft;
            int m = at - from;
            int k = to - at;
            if (m >= SHORTEST) {
                double energy = 2 * between / ((double) m * k)
                        - 2 * left / ((double) m * (m - 1))
                        - 2 * right / ((double) k * (k - 1));
                double statistic = energy * m * k / n;
                best = statistic > best.statistic() ? new Split(at, statistic) : best;
            }
        }
        return best;
    }

    private static double[] permuted(double[] series, List<Integer> bounds, RandomGenerator random) {
        double[] permuted = series.clone();
        for (int segment = 0; segment + 1 < bounds.size(); segment++) {
            int from = bounds.get(segment);
            for (int i = bounds.get(segment + 1) - 1; i > from; i--) {
                int other = from + random.nextInt(i - from + 1);
                double moved = permuted[i];
                permuted[i] = permuted[other];
                permuted[other] = moved;
            }
        }
        return permuted;
    }
}
