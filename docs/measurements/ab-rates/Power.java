import dev.assay.perf.compare.Block;
import dev.assay.perf.compare.Comparisons;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// What `assay ab` would conclude on a machine whose noise is known: simulated speeds go through the code that judges
/// measured ones. Prints how often each verdict falls in REPEATS comparisons of one metric.
///
/// A run's speed is off by a normal deviate of NOISE, its five samples by another third of it.
final class Power {
    private static final int REPEATS = 200;
    private static final double SLOWER = 1 / 1.05;

    private Power() {}

    public static void main(String... arguments) {
        SplittableRandom random = new SplittableRandom(20261128);
        System.out.println("| noise of a run | blocks | 5 % slower | the same |\n|---:|---:|---|---|");
        for (double noise : new double[] {0.005, 0.01, 0.02, 0.03}) {
            for (int blocks : new int[] {5, 10, 20, 40}) {
                System.out.printf(
                        "| %.1f %% | %d | %s | %s |%n",
                        100 * noise, blocks, verdicts(SLOWER, noise, blocks, random), verdicts(1, noise, blocks, random));
            }
        }
    }

    private static String verdicts(double speed, double noise, int blocks, SplittableRandom random) {
        Map<String, Integer> counts = new TreeMap<>();
        for (int i = 0; i < REPEATS; i++) {
            List<Block> all = new ArrayList<>();
            for (int b = 0; b < blocks; b++) {
                all.add(new Block(runs(1, noise, random), runs(1, noise, random), runs(speed, noise, random)));
            }
            String verdict = Comparisons.of(Map.of("speed", all), Comparisons.MARGIN, null)
                    .getFirst()
                    .change()
                    .name();
            counts.merge(verdict, 1, Integer::sum);
        }
        List<String> shares = new ArrayList<>();
        counts.forEach((verdict, count) -> shares.add(verdict + " " + 100 * count / REPEATS + " %"));
        return String.join(", ", shares);
    }

    private static List<double[]> runs(double speed, double noise, SplittableRandom random) {
        List<double[]> runs = new ArrayList<>();
        for (int run = 0; run < 2; run++) {
            double own = speed * (1 + noise * random.nextGaussian());
            double[] samples = new double[5];
            for (int s = 0; s < samples.length; s++) {
                samples[s] = own * (1 + noise / 3 * random.nextGaussian());
            }
            runs.add(samples);
        }
        return runs;
    }
}
