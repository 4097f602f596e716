package dev.assay.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Prediction;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;

/// Engines that lie, each caught by the check that is there for it. Hangs and truncated frames are for the protocol's
/// tests.
class LiarEnginesTest {
    private static final GoldenCase GOLDEN = Goldens.bundled("llama3-base");

    @Test
    void theEngineBehindTheLiarsIsRight() {
        assertThat(results(liar("honest", (_, truth) -> new Prediction.Logits(truth))))
                .filteredOn(result -> result.outcome() != Outcome.UNSUPPORTED)
                .isNotEmpty()
                .allSatisfy(result -> assertThat(result.outcome()).isEqualTo(Outcome.PASS));
    }

    @Test
    void alwaysZeroFailsEveryComparisonWithTheOracle() {
        Engine zero = liar("always-zero", (_, truth) -> each(truth, row -> new float[row.length]));

        assertCaught(zero, "one-shot", Outcome.FAIL);
        assertCaught(zero, "token-by-token", Outcome.FAIL);
        // It does not depend on its input, which causality asks for, too.
        assertCaught(zero, "causality", Outcome.FAIL);
    }

    @Test
    void nanNeverPasses() {
        assertCaught(
                liar(
                        "nan",
                        (_, truth) -> each(truth, row -> {
                            float[] one = row.clone();
                            one[one.length - 1] = Float.NaN;
                            return one;
                        })),
                "one-shot",
                Outcome.FAIL);
    }

    @Test
    void rightUntilWarmIsCaughtByALaterCheck() {
        Engine engine = liar("right-then-wrong", new LiarEngine.Lie() {
            private int calls;

            @Override
            public Prediction answer(int[] context, float[][] truth) {
                calls++;
                // As many calls as the one-shot check makes.
                return calls <= GOLDEN.prompts().size()
                        ? new Prediction.Logits(truth)
                        : each(truth, row -> scaled(row, 1.01f));
            }
        });

        assertThat(outcome(engine, "one-shot")).isEqualTo(Outcome.PASS);
        assertCaught(engine, "token-by-token", Outcome.FAIL);
    }

    @Test
    void noiseJustOverTheBudgetIsFound() {
        // Twice what the oracle's own float32 run is off by is allowed, at the root mean square.
        Engine engine = liar("noisy-oracle", (context, truth) -> noisy(context, truth, 2.5));

        assertCaught(engine, "one-shot", Outcome.FAIL);
    }

    @Test
    void noiseWithinTheBudgetIsNoLie() {
        assertThat(outcome(liar("rounded-oracle", (context, truth) -> noisy(context, truth, 0.5)), "one-shot"))
                .isEqualTo(Outcome.PASS);
    }

    @Test
    void aCapabilityThatIsNotThereIsALie() {
        Engine engine = new LiarEngine(
                new PlanInterpreter(),
                "counts-nothing",
                Set.of(Capability.KV_CACHE_BYTES),
                (_, truth) -> new Prediction.Logits(truth));

        assertCaught(engine, "kv-cache-bytes", Outcome.CAPABILITY_LIE);
    }

    @Test
    void fullLogitsThatAreGreedyTokensFail() {
        assertCaught(
                liar("greedy-only", (_, truth) -> new Prediction.GreedyTokens(new int[truth.length])),
                "one-shot",
                Outcome.FAIL);
    }

    @Test
    void cachedByLengthIsCaughtWhereAnotherPromptFollows() {
        Map<Integer, float[][]> byLength = new HashMap<>();
        Engine engine = liar(
                "cached-by-length",
                // The key forgets which tokens they were.
                (context, truth) -> new Prediction.Logits(byLength.computeIfAbsent(
                        context.length * 1000 + truth.length,
                        _ -> Arrays.stream(truth).map(float[]::clone).toArray(float[][]::new))));

        assertThat(results(engine).stream()
                        .filter(result -> result.outcome() == Outcome.FAIL)
                        .map(CheckResult::check))
                .contains("token-by-token", "causality");
    }

    @Test
    void cachedByPromptIsCaughtByDecoding() {
        Map<String, float[][]> byTokens = new HashMap<>();
        Engine engine = liar("cached-by-prompt", (context, truth) -> {
            String key = Arrays.toString(Arrays.copyOfRange(context, context.length - truth.length, context.length));
            return new Prediction.Logits(byTokens.computeIfAbsent(
                    key, _ -> Arrays.stream(truth).map(float[]::clone).toArray(float[][]::new)));
        });

        assertThat(outcome(engine, "one-shot")).isEqualTo(Outcome.PASS);
        assertCaught(engine, "token-by-token", Outcome.FAIL);
    }

    @Test
    void probabilitiesAreNoLogits() {
        assertCaught(
                liar(
                        "probabilities",
                        (_, truth) -> each(truth, row -> {
                            double sum = 0;
                            for (float logit : row) {
                                sum += Math.exp(logit);
                            }
                            float[] probabilities = new float[row.length];
                            for (int i = 0; i < row.length; i++) {
                                probabilities[i] = (float) (Math.exp(row[i]) / sum);
                            }
                            return probabilities;
                        })),
                "one-shot",
                Outcome.FAIL);
    }

    @Test
    void anotherScaleThatKeepsEveryArgmaxIsFound() {
        assertCaught(liar("scaled", (_, truth) -> each(truth, row -> scaled(row, 1.0001f))), "one-shot", Outcome.FAIL);
    }

    @Test
    void tooFewRowsFail() {
        assertCaught(
                liar(
                        "truncated",
                        (_, truth) -> new Prediction.Logits(Arrays.copyOf(truth, Math.max(1, truth.length - 1)))),
                "one-shot",
                Outcome.FAIL);
    }

    @Test
    void throwingIsAnErrorAndNotTheEndOfTheRun() {
        List<CheckResult> results = results(liar("thrower", (context, truth) -> {
            throw new IllegalStateException("out of order after " + context.length);
        }));

        assertThat(results)
                .hasSizeGreaterThan(1)
                .allSatisfy(result -> assertThat(result.outcome()).isIn(Outcome.ERROR, Outcome.UNSUPPORTED));
    }

    // -------------------------------------------------------------------------------------------------------- helpers

    private static Engine liar(String id, LiarEngine.Lie lie) {
        return new LiarEngine(new PlanInterpreter(), id, Set.of(), lie);
    }

    private static List<CheckResult> results(Engine engine) {
        return GoldenSuite.run(engine, GOLDEN, LoadOptions.defaults(), _ -> {});
    }

    private static Outcome outcome(Engine engine, String check) {
        return results(engine).stream()
                .filter(result -> result.check().equals(check))
                .map(CheckResult::outcome)
                .findFirst()
                .orElseThrow();
    }

    private static void assertCaught(Engine engine, String check, Outcome outcome) {
        assertThat(outcome(engine, check))
                .as("%s at %s", engine.info().id(), check)
                .isEqualTo(outcome);
    }

    private static Prediction each(float[][] truth, UnaryOperator<float[]> change) {
        return new Prediction.Logits(Arrays.stream(truth).map(change).toArray(float[][]::new));
    }

    private static float[] scaled(float[] row, float factor) {
        float[] scaled = new float[row.length];
        for (int i = 0; i < row.length; i++) {
            scaled[i] = row[i] * factor;
        }
        return scaled;
    }

    /// The truth plus normal noise of so many times the root mean square of the oracle's float32 error.
    private static Prediction noisy(int[] context, float[][] truth, double times) {
        double rms = Objects.requireNonNull(GOLDEN.yardsticks().get(TapPoint.LOGITS), "yardstick of the logits")
                .rms();
        Random random = new Random(Arrays.hashCode(context));
        return each(truth, row -> {
            float[] noisy = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                noisy[i] = (float) (row[i] + times * rms * random.nextGaussian());
            }
            return noisy;
        });
    }
}
