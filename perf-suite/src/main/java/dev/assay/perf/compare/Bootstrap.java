package dev.assay.perf.compare;

import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.apache.commons.statistics.distribution.TDistribution;

/// Confidence intervals of ratios of speeds, by a hierarchical bootstrap: blocks are drawn anew, in each its runs, in
/// each of these its samples, so that every level of noise has its say (Kalibera and Jones, "Rigorous benchmarking in
/// reasonable time", ISMM 2013).
///
/// Of few blocks a bootstrap's percentiles are too narrow. They are widened as Student's t is wider than the normal
/// distribution: the expanded percentile interval of Hesterberg, "What teachers should know about the bootstrap", The
/// American Statistician 69 (2015), section 5.3.
public final class Bootstrap {
    private static final int DRAWS = 4000;
    /// Fixed, so that the same samples always get the same interval.
    private static final long SEED = 0x5eed;

    private Bootstrap() {}

    /// Two sides of a block: of each, samples of each run.
    record Pair(List<double[]> baseline, List<double[]> candidate) {}

    /// The ratio candidate / baseline: the geometric mean over blocks of the ratio of the mean of the runs'
    /// medians.
    ///
    /// @param confidence between 0 and 1
    /// @throws IllegalArgumentException if there are fewer than two blocks, or one lacks samples
    static Interval ratio(List<Pair> blocks, double confidence) {
        int n = blocks.size();
        if (n < 2) {
            throw new IllegalArgumentException("expected at least two blocks, found " + n);
        }
        for (Pair block : blocks) {
            requireSamples(block.baseline());
            requireSamples(block.candidate());
        }
        double estimate = 0;
        for (Pair block : blocks) {
            estimate += Math.log(level(block.candidate()) / level(block.baseline())) / n;
        }
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        double[] drawn = new double[DRAWS];
        for (int i = 0; i < DRAWS; i++) {
            double sum = 0;
            for (int b = 0; b < n; b++) {
                Pair block = blocks.get(random.nextInt(n));
                sum += Math.log(drawnLevel(block.candidate(), random) / drawnLevel(block.baseline(), random));
            }
            drawn[i] = sum / n;
        }
        Arrays.sort(drawn);
        double tail = expandedTail((1 - confidence) / 2, n);
        double low = Math.min(estimate, quantile(drawn, tail));
        double high = Math.max(estimate, quantile(drawn, 1 - tail));
        return new Interval(Math.exp(estimate), Math.exp(low), Math.exp(high), confidence);
    }

    private static void requireSamples(List<double[]> runs) {
        if (runs.isEmpty() || runs.stream().anyMatch(samples -> samples.length == 0)) {
            throw new IllegalArgumentException("a side of a block has no samples");
        }
    }

    /// The tail of the percentiles to take in place of `tail`, for `n` blocks.
    static double expandedTail(double tail, int n) {
        double t = TDistribution.of(n - 1).inverseSurvivalProbability(tail);
        return NormalDistribution.of(0, 1).survivalProbability(Math.sqrt(n / (n - 1.0)) * t);
    }

    /// The mean of the runs' medians.
    private static double level(List<double[]> runs) {
        double sum = 0;
        for (double[] samples : runs) {
            sum += median(samples.clone());
        }
        return sum / runs.size();
    }

    private static double drawnLevel(List<double[]> runs, RandomGenerator random) {
        double sum = 0;
        for (int r = 0; r < runs.size(); r++) {
            double[] run = runs.get(random.nextInt(runs.size()));
            double[] samples = new double[run.length];
            for (int s = 0; s < samples.length; s++) {
                samples[s] = run[random.nextInt(run.length)];
            }
            sum += median(samples);
        }
        return sum / runs.size();
    }

    /// Sorts its argument.
    private static double median(double[] samples) {
        Arrays.sort(samples);
        return (samples[(samples.length - 1) / 2] + samples[samples.length / 2]) / 2;
    }

    /// Between two neighbours by their distance.
    private static double quantile(double[] sorted, double share) {
        double at = share * (sorted.length - 1);
        int below = (int) at;
        int above = Math.min(below + 1, sorted.length - 1);
        return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
    }
}
