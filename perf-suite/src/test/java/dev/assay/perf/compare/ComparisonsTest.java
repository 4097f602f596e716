package dev.assay.perf.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import dev.assay.report.Change;
import dev.assay.report.Comparison;
import dev.assay.report.Interval;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.random.RandomGenerator;
import java.util.random.RandomGeneratorFactory;
import org.junit.jupiter.api.Test;

class ComparisonsTest {
    /// Noise of a machine shared with others, as shares: of a block, of a run, of a sample.
    private record Noise(double block, double run, double sample) {}

    private static final Noise USUAL = new Noise(0.05, 0.01, 0.02);

    private final RandomGenerator random =
            RandomGeneratorFactory.of("L64X128MixRandom").create(7);

    private List<Block> blocks(int count, double candidate, Noise noise) {
        List<Block> blocks = new ArrayList<>();
        for (int b = 0; b < count; b++) {
            double level = 100 * Math.exp(noise.block() * random.nextGaussian());
            blocks.add(new Block(runs(level, noise), runs(level, noise), runs(level * candidate, noise)));
        }
        return blocks;
    }

    private List<double[]> runs(double level, Noise noise) {
        List<double[]> runs = new ArrayList<>();
        for (int r = 0; r < 2; r++) {
            double own = level * Math.exp(noise.run() * random.nextGaussian());
            double[] samples = new double[5];
            for (int s = 0; s < samples.length; s++) {
                samples[s] = own * Math.exp(noise.sample() * random.nextGaussian());
            }
            runs.add(samples);
        }
        return runs;
    }

    private Change changeOf(int count, double candidate, Noise noise) {
        return Comparisons.of(Map.of("decode", blocks(count, candidate, noise)), Comparisons.MARGIN, null)
                .getFirst()
                .change();
    }

    private int count(Change wanted, int times, int blocks, double candidate, Noise noise) {
        int found = 0;
        for (int i = 0; i < times; i++) {
            found += changeOf(blocks, candidate, noise) == wanted ? 1 : 0;
        }
        return found;
    }

    @Test
    void aSlowdownOfFivePercentIsFoundAndNoneIsNotInvented() {
        assertThat(count(Change.SLOWER, 40, 8, 0.95, USUAL)).isGreaterThanOrEqualTo(36);
        assertThat(count(Change.EQUIVALENT, 40, 8, 1, USUAL)).isGreaterThanOrEqualTo(36);
        assertThat(count(Change.FASTER, 40, 8, 1 / 0.95, USUAL)).isGreaterThanOrEqualTo(36);
    }

    @Test
    void aNoisyMachineIsInconclusiveRatherThanWrong() {
        Noise noisy = new Noise(0.05, 0.15, 0.1);
        assertThat(count(Change.INCONCLUSIVE, 40, 6, 1, noisy)).isGreaterThanOrEqualTo(34);
    }

    /// The interval holds the true ratio as often as it says, with few blocks too. Of 200 intervals of 95 % some
    /// 190 do; 178 is four standard deviations below.
    @Test
    void intervalsCoverTheTruth() {
        for (int blocks : new int[] {4, 8}) {
            int covered = 0;
            for (int i = 0; i < 200; i++) {
                Interval ratio = Comparisons.of(Map.of("m", blocks(blocks, 0.9, USUAL)), Comparisons.MARGIN, null)
                        .getFirst()
                        .ratio();
                covered += ratio.low() <= 0.9 && 0.9 <= ratio.high() ? 1 : 0;
            }
            assertThat(covered).as("of 200, %d blocks", blocks).isGreaterThanOrEqualTo(178);
        }
    }

    @Test
    void aBaselineThatDiffersFromItselfVoidsEveryVerdict() {
        List<Block> unsteady = new ArrayList<>();
        for (Block block : blocks(8, 0.5, USUAL)) {
            unsteady.add(new Block(
                    block.baseline(),
                    block.again().stream().map(run -> scaled(run, 0.8)).toList(),
                    block.candidate()));
        }
        List<Comparison> found =
                Comparisons.of(Map.of("decode", unsteady, "prefill", blocks(8, 0.5, USUAL)), Comparisons.MARGIN, null);
        assertThat(found).hasSize(2).allSatisfy(comparison -> {
            assertThat(comparison.change()).isEqualTo(Change.INCONCLUSIVE);
            assertThat(comparison.reason()).isEqualTo("the baseline differs from itself in decode");
        });
    }

    private static double[] scaled(double[] run, double by) {
        double[] scaled = new double[run.length];
        for (int i = 0; i < run.length; i++) {
            scaled[i] = by * run[i];
        }
        return scaled;
    }

    @Test
    void aMachineThatWasBusyIsNotBelieved() {
        assertThat(Comparisons.of(Map.of("decode", blocks(8, 0.5, USUAL)), Comparisons.MARGIN, "busy"))
                .singleElement()
                .satisfies(comparison -> {
                    assertThat(comparison.change()).isEqualTo(Change.INCONCLUSIVE);
                    assertThat(comparison.reason()).isEqualTo("busy");
                    assertThat(comparison.ratio().ratio()).isCloseTo(0.5, within(0.05));
                });
    }

    @Test
    void verdictsFollowFromIntervalAndMargin() {
        assertThat(Comparisons.change(new Interval(1, 0.98, 1.02, 0.95), 0.03)).isEqualTo(Change.EQUIVALENT);
        assertThat(Comparisons.change(new Interval(0.99, 0.98, 0.999, 0.95), 0.03))
                .isEqualTo(Change.EQUIVALENT);
        assertThat(Comparisons.change(new Interval(0.97, 0.96, 0.99, 0.95), 0.03))
                .isEqualTo(Change.SLOWER);
        assertThat(Comparisons.change(new Interval(1.04, 1.01, 1.06, 0.95), 0.03))
                .isEqualTo(Change.FASTER);
        assertThat(Comparisons.change(new Interval(1, 0.9, 1.1, 0.95), 0.03)).isEqualTo(Change.INCONCLUSIVE);
        assertThat(new Interval(1, 1 / 1.1, 1.1, 0.95).detectable()).isCloseTo(0.1, within(1e-12));
    }

    /// By hand: t of 9 degrees of freedom is 2.262, √(10/9) of it 2.384, and beyond that lie 0.86 % of a normal
    /// distribution.
    @Test
    void fewBlocksWidenTheInterval() {
        assertThat(Bootstrap.expandedTail(0.025, 10)).isCloseTo(0.0086, within(0.0002));
        assertThat(Bootstrap.expandedTail(0.025, 1_000_000)).isCloseTo(0.025, within(1e-5));
    }

    @Test
    void oneBlockSaysNothing() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Comparisons.of(Map.of("m", blocks(1, 1, USUAL)), Comparisons.MARGIN, null))
                .withMessage("expected at least two blocks, found 1");
    }

    /// Of runs made at different times, one of which stands alone on its side, too.
    @Test
    void intervalsOfUnpairedRunsCoverTheTruth() {
        Noise apart = new Noise(0, 0.02, 0.02);
        for (int[] sides : new int[][] {{3, 3}, {5, 1}, {2, 1}}) {
            int covered = 0;
            for (int i = 0; i < 200; i++) {
                List<double[]> baseline = new ArrayList<>();
                List<double[]> candidate = new ArrayList<>();
                while (baseline.size() < sides[0]) {
                    baseline.addAll(runs(100, apart).subList(0, 1));
                }
                while (candidate.size() < sides[1]) {
                    candidate.addAll(runs(90, apart).subList(0, 1));
                }
                Interval ratio = Bootstrap.unpaired(baseline, candidate, 0.95);
                covered += ratio.low() <= 0.9 && 0.9 <= ratio.high() ? 1 : 0;
            }
            assertThat(covered).as("of 200, %d and %d runs", sides[0], sides[1]).isGreaterThanOrEqualTo(178);
        }
    }
}
