package dev.assay.conformance.suite;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.ModelConfig;
import dev.assay.conformance.compare.Judge;
import dev.assay.conformance.compare.PredictionBudget;
import dev.assay.engine.Capability;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.TapPoint;
import dev.assay.report.CheckResult;
import dev.assay.report.Divergence;
import dev.assay.report.EngineEvidence;
import dev.assay.report.EvidenceLevel;
import dev.assay.report.Outcome;
import dev.assay.report.Verdict;
import dev.assay.report.Verdicts;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Engines that return log-probabilities of a few tokens, or the best token only.
class LessThanLogitsTest {
    private static final int TOP = 4;
    private static final PredictionBudget BUDGET =
            PredictionBudget.of(Judge.of(ToyModel.golden()).budget(TapPoint.LOGITS));

    @Test
    void logProbabilitiesOfARightEngineAreConsistent() {
        List<CheckResult> results = run(new Lesser(Capability.TOP_LOG_PROBABILITIES, row -> row));
        CheckResult result = result(results, "log-probabilities");

        assertThat(result.outcome()).isEqualTo(Outcome.PASS);
        // One by one and in one call, of prompts of 1, 2 and 18 tokens.
        assertThat(result.elements()).isEqualTo(2 * 21 * TOP);
        assertThat(result.message()).isEqualTo(TOP + " tokens a position");
        assertThat(result.evidence()).isEqualTo(EvidenceLevel.TOP_LOG_PROBABILITIES);
        assertThat(requireNonNull(result.worst()).used()).isBetween(0.0, 1.0);
        assertThat(result(results, "one-shot").message()).isEqualTo("the engine does not declare [FULL_LOGITS]");
        assertThat(results).noneMatch(other -> other.check().equals("greedy-tokens"));
        assertThat(Verdicts.of(results, List.of())).isEqualTo(Verdict.CONSISTENT);
        assertThat(Verdicts.evidence(results))
                .containsExactly(new EngineEvidence("toy", EvidenceLevel.TOP_LOG_PROBABILITIES));
    }

    @Test
    void aLogProbabilityOverItsBudgetIsFoundWhereItIs() {
        CheckResult result = result(
                run(new Lesser(Capability.TOP_LOG_PROBABILITIES, row -> {
                    float[] wrong = row.clone();
                    wrong[0] += 1e-3f;
                    return wrong;
                })),
                "log-probabilities");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        Divergence first = requireNonNull(result.firstDivergence());
        assertThat(first.tap()).isEqualTo("log_probabilities");
        assertThat(first.used()).isGreaterThan(10);
    }

    @Test
    void aSoftmaxOverTheReturnedTokensOnlyIsFound() {
        CheckResult result = result(
                run(new Lesser(Capability.TOP_LOG_PROBABILITIES, row -> row) {
                    @Override
                    float normaliser(float[] row) {
                        return logSum(
                                best(row).stream().mapToDouble(id -> row[id]).toArray());
                    }
                }),
                "log-probabilities");
        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
    }

    @Test
    void nanIsFound() {
        CheckResult result = result(
                run(new Lesser(Capability.TOP_LOG_PROBABILITIES, row -> row) {
                    @Override
                    float normaliser(float[] row) {
                        return Float.NaN;
                    }
                }),
                "log-probabilities");
        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
    }

    @Test
    void tokensThatAreNotTheMostProbableAreFound() {
        CheckResult result = result(
                run(new Lesser(Capability.TOP_LOG_PROBABILITIES, row -> row) {
                    @Override
                    List<Integer> best(float[] row) {
                        return super.best(row).subList(1, TOP);
                    }
                }),
                "log-probabilities");
        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message())
                .matches(
                        "prompt one, token 0: token [0-9]+ is not among the 3 most probable, and the oracle's logit.*");
    }

    @Test
    void anotherOrderATokenTwiceAndOneThatDoesNotExistAreFound() {
        assertThat(message(best -> best.reversed()))
                .startsWith("prompt one, token 0: expected the most probable first, found -");
        assertThat(message(best -> List.of(best.getFirst(), best.getFirst())))
                .startsWith("prompt one, token 0: expected 2 different tokens of 0 to 10, found ")
                .endsWith(" twice");
        assertThat(message(best -> List.of(best.getFirst(), 11)))
                .isEqualTo("prompt one, token 0: expected 2 different tokens of 0 to 10, found 11");
    }

    private static String message(UnaryOperator<List<Integer>> change) {
        CheckResult result = result(
                run(new Lesser(Capability.TOP_LOG_PROBABILITIES, row -> row) {
                    @Override
                    List<Integer> best(float[] row) {
                        return change.apply(super.best(row));
                    }
                }),
                "log-probabilities");
        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        return requireNonNull(result.message());
    }

    @Test
    void fewerTokensThanBeforeAndNoneAtAllAreFound() {
        assertThat(message(_ -> List.of()))
                .isEqualTo("prompt one, token 0: expected 1 tokens with their log-probabilities, found 0 and 0");
        int[] calls = {0};
        assertThat(message(best -> ++calls[0] > 5 ? best.subList(0, 2) : best))
                .isEqualTo("prompt two, token 1: expected 4 tokens with their log-probabilities, found 2 and 2");
    }

    @Test
    void greedyTokensOfARightEngineAreConsistent() {
        List<CheckResult> results = run(new Lesser(Capability.GREEDY_TOKENS, row -> row));
        CheckResult result = result(results, "greedy-tokens");

        assertThat(result.outcome()).isEqualTo(Outcome.PASS);
        assertThat(result.elements()).isEqualTo(2 * 21);
        assertThat(result.evidence()).isEqualTo(EvidenceLevel.GREEDY_TOKENS);
        assertThat(Verdicts.of(results, List.of())).isEqualTo(Verdict.CONSISTENT);
    }

    @Test
    void anotherTokenIsFoundWithHowFarBehindItIs() {
        CheckResult result = result(
                run(new Lesser(Capability.GREEDY_TOKENS, row -> row) {
                    @Override
                    List<Integer> best(float[] row) {
                        return List.of(super.best(row).get(1));
                    }
                }),
                "greedy-tokens");
        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message())
                .matches(
                        "prompt one, token 0: expected token [0-9]+, found [0-9]+, whose logit is lower by [0-9.]+, .*");
    }

    @Test
    void aTokenOutsideTheVocabularyIsFound() {
        CheckResult result = result(
                run(new Lesser(Capability.GREEDY_TOKENS, row -> row) {
                    @Override
                    List<Integer> best(float[] row) {
                        return List.of(-1);
                    }
                }),
                "greedy-tokens");
        assertThat(result.message()).endsWith("found -1, which is none of the vocabulary");
    }

    @Test
    void whatIsReturnedInsteadOfWhatWasDeclaredIsFound() {
        Lesser engine = new Lesser(Capability.GREEDY_TOKENS, row -> row) {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Supported(Set.of(Capability.TOP_LOG_PROBABILITIES));
            }
        };
        assertThat(result(run(engine), "log-probabilities").message())
                .isEqualTo("declared log-probabilities, returned GreedyTokens");
    }

    /// An error of M in every logit, in the worst direction, is just within what log-probabilities may be off.
    @Test
    void anEngineWithinTheBudgetOfItsLogitsIsWithinThatOfItsLogProbabilities() {
        float m = (float) (0.95 * BUDGET.logit());
        CheckResult result = result(
                run(new Lesser(Capability.TOP_LOG_PROBABILITIES, row -> {
                    float[] moved = row.clone();
                    int best = IntStream.range(0, row.length)
                            .boxed()
                            .max(Comparator.comparingDouble(id -> row[id]))
                            .orElseThrow();
                    for (int id = 0; id < row.length; id++) {
                        moved[id] += id == best ? -m : m;
                    }
                    return moved;
                })),
                "log-probabilities");

        assertThat(result.outcome()).isEqualTo(Outcome.PASS);
        assertThat(requireNonNull(result.worst()).used()).isBetween(0.3, 1.0);
    }

    private static List<CheckResult> run(Lesser engine) {
        return GoldenSuite.run(engine, ToyModel.golden(), LoadOptions.defaults(), _ -> {});
    }

    private static CheckResult result(List<CheckResult> results, String check) {
        return results.stream()
                .filter(result -> result.check().equals(check))
                .findFirst()
                .orElseThrow();
    }

    /// The toy engine, of whose logits only this is seen. Tests override what they want wrong.
    private static class Lesser extends ToyEngine {
        private final Capability shown;
        private final UnaryOperator<float[]> change;

        /// @param change what is done to each row of logits `[V]`
        Lesser(Capability shown, UnaryOperator<float[]> change) {
            this.shown = shown;
            this.change = change;
        }

        @Override
        public Support supports(ModelConfig config) {
            return new Support.Supported(Set.of(shown, Capability.ALL_POSITIONS));
        }

        /// The most probable tokens, best first.
        List<Integer> best(float[] row) {
            return IntStream.range(0, row.length)
                    .boxed()
                    .sorted(Comparator.comparingDouble(id -> -row[id]))
                    .limit(TOP)
                    .toList();
        }

        float normaliser(float[] row) {
            double[] doubles = new double[row.length];
            Arrays.setAll(doubles, i -> row[i]);
            return logSum(doubles);
        }

        static float logSum(double[] row) {
            return (float) Math.log(Arrays.stream(row).map(Math::exp).sum());
        }

        @Override
        public Session newSession(SessionOptions options) {
            return new ToySession(options) {
                @Override
                public Prediction prefill(int[] appended) {
                    float[][] rows = ((Prediction.Logits) super.prefill(appended)).values(); // [T][V]
                    int[][] tokens = new int[rows.length][]; // [T][n]
                    float[][] logProbabilities = new float[rows.length][]; // [T][n]
                    for (int t = 0; t < rows.length; t++) {
                        float[] row = change.apply(rows[t]);
                        List<Integer> best = best(row);
                        float normaliser = normaliser(row);
                        tokens[t] = best.stream().mapToInt(id -> id).toArray();
                        logProbabilities[t] = new float[best.size()];
                        for (int i = 0; i < best.size(); i++) {
                            logProbabilities[t][i] = row[Math.clamp(best.get(i), 0, row.length - 1)] - normaliser;
                        }
                    }
                    return shown == Capability.GREEDY_TOKENS
                            ? new Prediction.GreedyTokens(Arrays.stream(tokens)
                                    .mapToInt(ids -> ids[0])
                                    .toArray())
                            : new Prediction.TopLogProbabilities(tokens, logProbabilities);
                }
            };
        }
    }
}
