package dev.assay.cuda.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Launch;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Chosen experts and their weights against a sort: few experts, which one warp chooses, and many, which all threads
/// do. Golden cases have no equal logits.
class RouteTest {
    private static final int SOFTMAX = 0;
    private static final int ON_INPUT = 2;
    private static final int THREADS = 256;

    private static FakeDevice device;

    @BeforeAll
    static void useTheFakeDriver() throws AbsentException {
        device = FakeDevice.first();
    }

    private record Found(int[] chosen, float[] weights) {}

    @ParameterizedTest
    @CsvSource({"1, 1", "8, 2", "60, 4", "128, 8", "128, 1", "129, 8", "512, 10"})
    void choosesTheHighestLogitsOfEqualOnesTheFirst(int experts, int topK) {
        Random random = new Random(experts);
        float[] logits = new float[experts];
        for (int e = 0; e < experts; e++) {
            logits[e] = (random.nextInt(9) - 4) / 2f; // many are equal
        }
        logits[experts - 1] = 3;
        double sum = IntStream.range(0, experts)
                .mapToDouble(e -> Math.exp(logits[e]))
                .sum();
        int[] expected = best(logits, topK);

        Found softmax = route(SOFTMAX, logits, topK);
        Found onInput = route(ON_INPUT, logits, topK);

        assertThat(softmax.chosen).isEqualTo(expected);
        assertThat(onInput.chosen).isEqualTo(expected);
        for (int j = 0; j < topK; j++) {
            double logit = logits[expected[j]];
            assertThat(softmax.weights[j]).isCloseTo((float) (Math.exp(logit) / sum), within(1e-6f));
            assertThat(onInput.weights[j]).isCloseTo((float) (1 / (1 + Math.exp(-logit))), within(1e-6f));
        }
    }

    @ParameterizedTest
    @CsvSource({"8", "130"})
    void takesBothZerosForEqualAndInfinitiesForNumbers(int experts) {
        float[] logits = new float[experts];
        Arrays.fill(logits, Float.NEGATIVE_INFINITY);
        logits[1] = -0.0f;
        logits[3] = 0.0f;
        logits[5] = -Float.MIN_VALUE;
        logits[6] = Float.MIN_VALUE;

        assertThat(route(ON_INPUT, logits, 6).chosen).isEqualTo(new int[] {6, 1, 3, 5, 0, 2});
    }

    @ParameterizedTest
    @CsvSource({"8", "130"})
    void neverChoosesWhatIsNoNumberAndPoisonsTheWeights(int experts) {
        float[] logits = new float[experts];
        Arrays.fill(logits, Float.NaN);
        logits[2] = -3;
        logits[7] = Float.NEGATIVE_INFINITY;

        Found found = route(SOFTMAX, logits, 4);

        assertThat(found.chosen).isEqualTo(new int[] {2, 7, 0, 0});
        assertThat(found.weights).containsOnly(Float.NaN);
    }

    @Test
    void choosesForEachTokenByItself() {
        float[] logits = {1, 2, 3, 4, /* next token */ 4, 3, 2, 1};

        assertThat(route(SOFTMAX, logits, 4, 2).chosen).isEqualTo(new int[] {3, 2, 0, 1});
    }

    private static int[] best(float[] logits, int topK) {
        return IntStream.range(0, logits.length)
                .boxed()
                .sorted(Comparator.comparingDouble(e -> -logits[e]))
                .limit(topK)
                .mapToInt(e -> e)
                .toArray();
    }

    private static Found route(int kind, float[] logits, int topK) {
        return route(kind, logits, logits.length, topK);
    }

    /// @param logits `[tokens][experts]`
    private static Found route(int kind, float[] logits, int experts, int topK) {
        int tokens = logits.length / experts;
        int pairs = tokens * topK;
        return device.call(1 << 20, run -> {
            long chosen = run.memory().take((long) pairs * Integer.BYTES);
            long weights = run.takeFloats(pairs);
            long noCorrection = 0;
            long oneGroup = 1;
            long doesNotShare = 0;
            run.stream()
                    .launch(run.kernels()
                            .launch(
                                    "experts",
                                    "route",
                                    1,
                                    tokens,
                                    1,
                                    THREADS,
                                    0,
                                    chosen,
                                    weights,
                                    run.write(logits),
                                    experts,
                                    kind,
                                    noCorrection,
                                    experts,
                                    topK,
                                    oneGroup,
                                    oneGroup,
                                    doesNotShare,
                                    Launch.of(0.0),
                                    Launch.of(1.0)));
            return new Found(run.readInts(chosen, pairs), run.read(weights, pairs));
        });
    }
}
