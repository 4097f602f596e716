package dev.assay.perf.compare;

import dev.assay.report.Interval;
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

    /// The ratio candidate / baseline of runs that were made at different times: of the geometric means of the
    /// runs' medians.
    ///
    /// Drawn anew are runs, and in each its samples, as above. The deviations of all runs from the mean of their
    /// side are one pool, since few runs are on each side and nothing says that one side is noisier. With so few
    /// the percentiles of the draws would end where the draws end, so that the interval is their standard
    /// deviation times Student's t, for `runs - 2` degrees of freedom. Two runs in all show no noise between runs:
    /// then the interval is that of the samples alone, which the caller must not take for more.
    ///
    /// @param confidence between 0 and 1
    /// @throws IllegalArgumentException if a side lacks samples
    static Interval unpaired(List<double[]> baseline, List<double[]> candidate, double confidence) {
        requireSamples(baseline);
        requireSamples(candidate);
        int runs = baseline.size() + candidate.size();
        double baselineLevel = logLevel(baseline);
        double candidateLevel = logLevel(candidate);
        double estimate = candidateLevel - baselineLevel;
        // What the means took from the deviations of their own runs is given back.
        double inflation = runs > 2 ? Math.sqrt(runs / (runs - 2.0)) : 1;
        int freedom = runs > 2 ? runs - 2 : Math.max(1, baseline.getFirst().length + candidate.getFirst().length - 2);
        RandomGenerator random = RandomGeneratorFactory.of("L64X128MixRandom").create(SEED);
        double squares = 0;
        for (int i = 0; i < DRAWS; i++) {
            double deviation = 0;
            for (int b = 0; b < baseline.size(); b++) {
                deviation -= deviation(baseline, baselineLevel, candidate, candidateLevel, random) / baseline.size();
            }
            for (int c = 0; c < candidate.size(); c++) {
                deviation += deviation(baseline, baselineLevel, candidate, candidateLevel, random) / candidate.size();
            }
            squares += deviation * deviation;
        }
        double half = TDistribution.of(freedom).inverseSurvivalProbability((1 - confidence) / 2)
                * inflation
                * Math.sqrt(squares / DRAWS);
        return new Interval(Math.exp(estimate), Math.exp(estimate - half), Math.exp(estimate + half), confidence);
    }

    /// How far a run of either side, drawn anew, lies from the mean of its side, as a logarithm.
    private static double deviation(
            List<double[]> baseline,
            double baselineLevel,
            List<double[]> candidate,
            double candidateLevel,
            RandomGenerator random) {
        int run = random.nextInt(baseline.size() + candidate.size());
        return run < baseline.size()
                ? Math.log(drawnMedian(baseline.get(run), random)) - baselineLevel
                : Math.log(drawnMedian(candidate.get(run - baseline.size()), random)) - candidateLevel;
    }

    /// The mean of the logarithms of the runs' medians.
    static double logLevel(List<double[]> runs) {
        double sum = 0;
        for (double[] samples : runs) {
            sum += Math.log(median(samples.clone()));
        }
        return sum / runs.size();
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
            sum += drawnMedian(runs.get(random.nextInt(runs.size())), random);
        }
        return sum / runs.size();
    }

    private static double drawnMedian(double[] run, RandomGenerator random) {
        double[] samples = new double[run.length];
        for (int s = 0; s < samples.length; s++) {
            samples[s] = run[random.nextInt(run.length)];
        }
        return median(samples);
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
