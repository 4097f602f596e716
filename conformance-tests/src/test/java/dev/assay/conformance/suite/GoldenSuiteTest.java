package dev.assay.conformance.suite;

import static java.util.Objects.requireNonNull;
import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.conformance.compare.Judge;
import dev.assay.engine.Capability;
import dev.assay.engine.ComputeType;
import dev.assay.engine.Engine;
import dev.assay.engine.EngineInfo;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.report.CheckResult;
import dev.assay.report.Count;
import dev.assay.report.Count.Quantity;
import dev.assay.report.ExpertLoad;
import dev.assay.report.Outcome;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The suite against engines whose faults are known: each must be caught, by the check made for it.
class GoldenSuiteTest {
    /// What is asked of an engine that returns logits: all but what asks for less.
    private static final List<String> CHECKS = GoldenSuite.checkIds().stream()
            .filter(id -> !Set.of("log-probabilities", "greedy-tokens").contains(id))
            .toList();

    @Test
    void aRightEnginePassesEveryCheckAndEachComparesSomething() {
        List<CheckResult> results = run(new ToyEngine());

        assertThat(results).extracting(CheckResult::check).containsExactlyElementsOf(CHECKS);
        assertThat(results).allSatisfy(result -> {
            assertThat(result.outcome()).as(result.check()).isEqualTo(Outcome.PASS);
            assertThat(result.elements()).as(result.check()).isPositive();
            assertThat(result.reproduce()).isEqualTo("./assay verify --engine toy --case toy");
        });
        assertThat(byCheck(results).get("decode-after-prefill").message()).isEqualTo("greedy agreement 9 of 9 tokens");
    }

    @Test
    void countsEveryElement() {
        long positions = 1 + 2 + 18;
        long logits = positions * ToyModel.VOCAB_SIZE;
        long taps = positions * (ToyModel.LAYERS + 1) * ToyModel.HIDDEN_SIZE;
        Results results = byCheck(run(new ToyEngine()));

        assertThat(results.get("one-shot").elements()).isEqualTo(logits + taps);
        assertThat(results.get("token-by-token").elements()).isEqualTo(logits + taps);
        assertThat(results.get("decode-after-prefill").elements()).isEqualTo(logits + taps);
        assertThat(results.get("reset-and-rerun").elements()).isEqualTo(logits);
        assertThat(results.get("raw-logits").elements()).isEqualTo(logits);
        assertThat(results.get("logit-scale").elements()).isEqualTo(logits);
        assertThat(results.get("new-session").elements()).isEqualTo(logits);
        assertThat(results.get("result-lifetime").elements()).isEqualTo(2 * 18 * ToyModel.VOCAB_SIZE);
        assertThat(results.get("repetition").elements()).isEqualTo(19 * 18 * ToyModel.VOCAB_SIZE);
        assertThat(results.get("kv-cache-bytes").elements()).isEqualTo(20);
        assertThat(results.get("experts-per-token").elements()).isEqualTo(2 * positions * 2);
        assertThat(results.get("routed-experts").elements()).isEqualTo(positions * 2);
    }

    @Test
    void tellsResultsAsTheyComeInOrder() {
        List<CheckResult> told = new ArrayList<>();
        List<CheckResult> returned =
                GoldenSuite.run(new ToyEngine(), ToyModel.golden(), LoadOptions.defaults(), told::add);

        assertThat(told).isEqualTo(returned);
    }

    @Test
    void noiseJustOverBudgetFails() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    float[] logits(int[] prefix) {
                        float[] logits = super.logits(prefix);
                        for (int i = 0; i < logits.length; i++) {
                            logits[i] += i % 2 == 0 ? 1e-6f : -1e-6f;
                        }
                        return logits;
                    }
                })))
                .get("one-shot");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(requireNonNull(result.worst()).used()).isBetween(1.0, 4.0);
        assertThat(requireNonNull(result.firstDivergence()).tap()).isEqualTo("logits");
    }

    @Test
    void aWrongTapIsNamedEvenIfTheLogitsAreRight() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    float[] tap(int[] prefix, TapPoint point) {
                        float[] values = super.tap(prefix, point);
                        values[5] += point.equals(TapPoint.of(Tap.HIDDEN, 2)) ? 1 : 0;
                        return values;
                    }
                })))
                .get("token-by-token");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(requireNonNull(result.firstDivergence()).tap()).isEqualTo("hidden.2");
        assertThat(requireNonNull(result.firstDivergence()).layer()).isEqualTo(1);
        assertThat(requireNonNull(result.firstDivergence()).channel()).isEqualTo(5);
    }

    @Test
    void nanFails() {
        assertFails("one-shot", options -> new ToyEngine.ToySession(options) {
            @Override
            float[] logits(int[] prefix) {
                float[] logits = super.logits(prefix);
                logits[3] = prefix.length == 7 ? Float.NaN : logits[3];
                return logits;
            }
        });
    }

    @Test
    void aChunkSizeThatGoesWrongIsFoundByChunkingOnly() {
        List<CheckResult> results = run(session(options -> new ToyEngine.ToySession(options) {
            @Override
            public Prediction prefill(int[] appended) {
                Prediction right = super.prefill(appended);
                if (appended.length == 5) {
                    ((Prediction.Logits) right).values()[4][0] += 1;
                }
                return right;
            }
        }));

        assertThat(failing(results)).containsExactly("chunked-prefill");
    }

    @Test
    void aCacheNotHandedToDecodeIsFound() {
        assertFails("decode-after-prefill", options -> new ToyEngine.ToySession(options) {
            @Override
            public Prediction prefill(int[] appended) {
                Prediction right = super.prefill(appended);
                tokens = appended.length > 1 ? new int[] {appended[0]} : tokens;
                return right;
            }
        });
    }

    @Test
    void aStateThatSurvivesResetIsFound() {
        List<CheckResult> results = run(session(options -> new ToyEngine.ToySession(options) {
            private int resets;

            @Override
            public void reset() {
                super.reset();
                resets++;
            }

            @Override
            float[] logits(int[] prefix) {
                float[] logits = super.logits(prefix);
                logits[0] = resets > 1 ? Math.nextUp(logits[0]) : logits[0];
                return logits;
            }
        }));

        assertThat(failing(results)).containsExactly("reset-and-rerun");
    }

    @Test
    void aReturnedBufferThatIsWrittenAgainIsFound() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    private final float[][] shared = new float[18][ToyModel.VOCAB_SIZE];

                    @Override
                    public Prediction prefill(int[] appended) {
                        float[][] rows = ((Prediction.Logits) super.prefill(appended)).values();
                        for (int t = 0; t < rows.length; t++) {
                            System.arraycopy(rows[t], 0, shared[t], 0, rows[t].length);
                        }
                        return new Prediction.Logits(Arrays.copyOf(shared, rows.length));
                    }
                })))
                .get("reset-and-rerun");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message()).startsWith("prompt one: logits returned earlier were overwritten: row 0, value 0");
    }

    @Test
    void sessionsThatShareStateAreFound() {
        ToyEngine engine = new ToyEngine() {
            private ToySession last = new ToySession(SessionOptions.ofContext(1));

            @Override
            public Session newSession(SessionOptions options) {
                ToySession previous = last;
                last = new ToySession(options) {
                    @Override
                    float[] logits(int[] prefix) {
                        float[] logits = super.logits(prefix);
                        logits[0] = Math.scalb(logits[0], previous.length() == prefix.length ? 1 : 0);
                        return logits;
                    }

                    @Override
                    public void close() {
                        tokens = new int[0];
                    }
                };
                return last;
            }
        };

        assertThat(failing(run(engine))).containsExactly("interleaved-sessions");
    }

    @Test
    void probabilitiesPassedOffAsLogitsAreFound() {
        CheckResult probabilities =
                byCheck(run(logits(GoldenSuiteTest::softmax))).get("raw-logits");
        CheckResult logProbabilities = byCheck(run(logits(row -> {
                    float[] softmax = softmax(row);
                    for (int i = 0; i < softmax.length; i++) {
                        softmax[i] = (float) Math.log(softmax[i]);
                    }
                    return softmax;
                })))
                .get("raw-logits");

        assertThat(probabilities.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(probabilities.message())
                .isEqualTo(
                        "prompt one, token 0: expected logits, found probabilities: none is negative and their sum is 1");
        assertThat(logProbabilities.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(logProbabilities.message())
                .isEqualTo(
                        "prompt one, token 0: expected logits, found log-probabilities: the sum of their exponentials is 1");
    }

    private static float[] softmax(float[] row) {
        double sum = 0;
        float[] softmax = new float[row.length];
        for (float value : row) {
            sum += Math.exp(value);
        }
        for (int i = 0; i < row.length; i++) {
            softmax[i] = (float) (Math.exp(row[i]) / sum);
        }
        return softmax;
    }

    @Test
    void aFactorThatIsMissingIsFoundAndSaidToKeepTheBestToken() {
        CheckResult result = byCheck(run(logits(row -> {
                    for (int i = 0; i < row.length; i++) {
                        row[i] *= 1.5f;
                    }
                    return row;
                })))
                .get("logit-scale");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message())
                .startsWith("prompt one: logits are 1.50000 times the oracle's, 1 +- ")
                .endsWith(" is allowed; the best token is the same at all 1 positions");
    }

    @Test
    void aSoftcapTooMuchIsFoundAsAnotherScale() {
        ToyEngine capped = logits(row -> {
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) (5 * Math.tanh(row[i] / 5));
            }
            return row;
        });
        assertThat(byCheck(run(capped)).get("logit-scale").outcome()).isEqualTo(Outcome.FAIL);
    }

    /// Otherwise the rule would say the same of every wrong engine.
    @Test
    void logitsThatAreWrongInAnotherWayHaveTheRightScale() {
        List<CheckResult> results = run(logits(row -> {
            for (int i = 0; i < row.length; i++) {
                row[i] += i % 2 == 0 ? 0.001f : -0.001f;
            }
            return row;
        }));
        assertThat(byCheck(results).get("one-shot").outcome()).isEqualTo(Outcome.FAIL);
        assertThat(byCheck(results).get("logit-scale").outcome()).isEqualTo(Outcome.PASS);
    }

    @Test
    void whatAnEarlierSessionLeftIsFound() {
        ToyEngine engine = new ToyEngine() {
            private int[] left = {};

            @Override
            public Session newSession(SessionOptions options) {
                int[] stale = left; // as a cache that is not cleared
                return new ToySession(options) {
                    @Override
                    float[] logits(int[] prefix) {
                        float[] logits = super.logits(prefix);
                        int at = prefix.length - 1;
                        logits[0] = at < stale.length && stale[at] != prefix[at] ? Math.nextUp(logits[0]) : logits[0];
                        return logits;
                    }

                    @Override
                    public void close() {
                        left = tokens;
                    }
                };
            }
        };
        CheckResult result = byCheck(run(engine)).get("new-session");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message())
                .startsWith(
                        "prompt one in a new session, after one of another prompt and after one of the same, differs:"
                                + " row 0, value 0: ");
    }

    @Test
    void aResultThatTheNextCallOverwritesIsFound() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    private final float[] shared = new float[ToyModel.VOCAB_SIZE];

                    @Override
                    public Prediction decode(int token) {
                        float[][] rows = ((Prediction.Logits) super.decode(token)).values();
                        System.arraycopy(rows[0], 0, shared, 0, shared.length);
                        return new Prediction.Logits(new float[][] {shared});
                    }
                })))
                .get("result-lifetime");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message())
                .startsWith("results that were to stay for good were overwritten: row 0, value 0: ");
    }

    @Test
    void aResultThatIsAnotherWhenItNeedNotStayIsFound() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    float[] logits(int[] prefix) {
                        return options.results() == ResultLifetime.UNTIL_NEXT_CALL && prefix.length > 5
                                ? new float[ToyModel.VOCAB_SIZE]
                                : super.logits(prefix);
                    }
                })))
                .get("result-lifetime");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message())
                .startsWith("results that need stay until the next call only are others: row 5, value 0: ");
    }

    @Test
    void aRaceThatIsLostSometimesIsFound() {
        ToyEngine engine = new ToyEngine() {
            private int sessions;

            @Override
            public Session newSession(SessionOptions options) {
                boolean lost = ++sessions % 13 == 0;
                return new ToySession(options) {
                    @Override
                    float[] logits(int[] prefix) {
                        float[] logits = super.logits(prefix);
                        logits[7] = lost ? Math.nextUp(logits[7]) : logits[7];
                        return logits;
                    }
                };
            }
        };
        CheckResult result = byCheck(run(engine)).get("repetition");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message()).matches("run [0-9]+ of 20 differs from the first: row 0, value 7: .*");
    }

    @Test
    void aCheckThatComparesTooLittleIsAnError() {
        try (GoldenSuite suite = GoldenSuite.open(new ToyEngine(), ToyModel.golden(), LoadOptions.defaults())) {
            CaseUnderTest subject = new CaseUnderTest(
                    new ToyEngine(), ToyModel.golden(), Judge.of(ToyModel.golden()), Set.of(), List.of());
            assertThat(suite.run(new Comparing(10), subject).outcome()).isEqualTo(Outcome.PASS);
            assertThat(suite.run(new Comparing(9), subject)).satisfies(result -> {
                assertThat(result.outcome()).isEqualTo(Outcome.ERROR);
                assertThat(result.message()).isEqualTo("compared 9 numbers, expected at least 10");
            });
            assertThat(suite.run(new Comparing(0), subject).outcome()).isEqualTo(Outcome.ERROR);
        }
    }

    /// A check that is content with any number of comparisons, of a case that has ten.
    private record Comparing(long elements) implements Check {
        @Override
        public String id() {
            return "comparing";
        }

        @Override
        public Rule.Kind kind() {
            return Rule.Kind.REQUIRED;
        }

        @Override
        public Set<Capability> needs() {
            return Set.of();
        }

        @Override
        public long expectedElements(CaseUnderTest subject) {
            return 10;
        }

        @Override
        public Finding run(CaseUnderTest subject) {
            return new Finding.Equal(elements);
        }
    }

    @Test
    void runsOnlyTheRulesThatAreWanted() {
        List<CheckResult> results = GoldenSuite.run(
                new ToyEngine(),
                ToyModel.golden(),
                LoadOptions.defaults(),
                rule -> rule.kind() == Rule.Kind.STATISTICAL,
                _ -> {});
        assertThat(results).extracting(CheckResult::check).containsExactly("repetition");
    }

    @Test
    void anEngineThatThrowsWhenAskedWhatItSupportsIsAnErrorOfEveryCheck() {
        List<CheckResult> results = run(new ToyEngine() {
            @Override
            public Support supports(ModelConfig config) {
                throw new IllegalStateException("no idea");
            }
        });
        assertThat(results).hasSameSizeAs(CHECKS).allSatisfy(result -> {
            assertThat(result.outcome()).isEqualTo(Outcome.ERROR);
            assertThat(result.message()).isEqualTo("asked what it supports: IllegalStateException: no idea");
        });
    }

    @Test
    void lookingAheadIsFound() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    public Prediction prefill(int[] appended) {
                        Prediction right = super.prefill(appended);
                        float[] first = ((Prediction.Logits) right).values()[0];
                        first[0] += appended[appended.length - 1] * 1e-6f;
                        return right;
                    }
                })))
                .get("causality");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message()).contains("changed earlier logits: row 0, value 0");
    }

    @Test
    void logitsThatDoNotDependOnTheTokensAreFound() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    float[] logits(int[] prefix) {
                        return new float[ToyModel.VOCAB_SIZE];
                    }
                })))
                .get("causality");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message()).contains("changed nothing, their own logits neither");
    }

    @Test
    void aCacheOfAnotherSizeIsFound() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    public long kvCacheBytes() {
                        return super.kvCacheBytes() + (length() == 5 ? 4 : 0);
                    }
                })))
                .get("kv-cache-bytes");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message()).isEqualTo("5 positions decoded: expected 640 bytes, holds 644");
    }

    /// 2 layers of 2 · 2 · 4 numbers, 4 bytes each: 128 a position, up to the window of 6.
    @Test
    void reportsCacheBytesBelowAtAndBeyondTheWindow() {
        CheckResult result = byCheck(run(new ToyEngine())).get("kv-cache-bytes");

        assertThat(result.counts())
                .containsExactly(
                        new Count(Quantity.KV_CACHE_BYTES, 1, 128, 128),
                        new Count(Quantity.KV_CACHE_BYTES, 6, 768, 768),
                        new Count(Quantity.KV_CACHE_BYTES, 7, 768, 768),
                        new Count(Quantity.KV_CACHE_BYTES, 18, 768, 768));
    }

    @Test
    void aCacheThatIsAnotherAfterAPrefillIsFoundAndReported() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    private boolean prefilled;

                    @Override
                    public Prediction prefill(int[] appended) {
                        prefilled = appended.length > 1;
                        return super.prefill(appended);
                    }

                    @Override
                    public long kvCacheBytes() {
                        return super.kvCacheBytes() * (prefilled ? 3 : 1);
                    }
                })))
                .get("kv-cache-bytes");

        assertThat(result.message()).isEqualTo("18 positions prefilled: expected 768 bytes, holds 2304");
        assertThat(result.counts()).last().isEqualTo(new Count(Quantity.KV_CACHE_BYTES, 18, 768, 2304));
    }

    @Test
    void countsExpertsAndActiveParametersOfEveryToken() {
        CheckResult result = byCheck(run(new ToyEngine())).get("experts-per-token");
        long embedding = 11 * 7;
        long attention = 2 * (7 * 16 + 2 * 7 * 8 + 16 * 7 + 2 * 4);
        long norms = 2 * 2 * 7 + 7;
        long dense = 3 * 7 * 5;
        long router = 8 * 7;
        long experts = 2 * 3 * 7 * 3;
        long active = embedding + attention + norms + dense + router + experts;

        assertThat(result.counts())
                .containsExactly(
                        new Count(Quantity.EXPERTS_PER_TOKEN, 42, 2, 2),
                        new Count(Quantity.ACTIVE_PARAMETERS, 42, active, active));
    }

    @Test
    void reportsHowTheLongestPromptLoadsTheExperts() {
        CheckResult result = byCheck(run(new ToyEngine())).get("experts-per-token");
        int[] tokens = ToyModel.golden().longestPrompt().tokens();
        int[] load = new int[ToyModel.EXPERTS];
        for (int t = 1; t <= tokens.length; t++) {
            for (int expert : ToyModel.experts(Arrays.copyOf(tokens, t))) {
                load[expert]++;
            }
        }

        assertThat(result.routing())
                .containsExactly(
                        new ExpertLoad(1, "long", Arrays.stream(load).boxed().toList()));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '|', textBlock = """
            3 3   | 1 | expected 2 different experts of 0 to 7, found [3, 3]
            3 8   | 1 | expected 2 different experts of 0 to 7, found [3, 8]
            -1 3  | 1 | expected 2 different experts of 0 to 7, found [-1, 3]
            3     | 1 | expected 2 different experts of 0 to 7, found [3]
            3 4 5 | 3 | expected 2 different experts of 0 to 7, found [3, 4, 5]
            3 3 4 | 2 | expected 2 different experts of 0 to 7, found [3, 3, 4]
            """)
    void expertsThatAreNotAsManyAsTheyShouldBeAreFound(String ids, long counted, String message) {
        int[] wrong = Arrays.stream(ids.split(" ")).mapToInt(Integer::parseInt).toArray();
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    int[] experts(int[] prefix) {
                        return prefix.length == 2 ? wrong : super.experts(prefix);
                    }
                })))
                .get("experts-per-token");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message()).isEqualTo("prompt two in one call, layer 1, token 1: " + message);
        // The token of prompt one, twice, and the two of prompt two.
        assertThat(result.counts()).first().isEqualTo(new Count(Quantity.EXPERTS_PER_TOKEN, 4, 2, counted));
        assertThat(result.routing()).isEmpty();
    }

    @Test
    void expertsNamedOnlyInAPrefillAreFound() {
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    public Prediction decode(int token) {
                        return new ToyEngine.ToySession(SessionOptions.ofContext(18)).prefill(new int[] {token});
                    }
                })))
                .get("experts-per-token");

        assertThat(result.message())
                .isEqualTo("prompt one token by token, experts: expected of layers [1], found of []");
    }

    @Test
    void expertsOfALayerThatHasNoneAndOfTokensThatWereNotThereAreFound() {
        CheckResult anotherLayer = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    public Prediction prefill(int[] appended) {
                        options.taps().onRoutedExperts(0, new int[][] {{0, 1}});
                        return super.prefill(appended);
                    }
                })))
                .get("experts-per-token");
        CheckResult anotherToken = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    public Prediction prefill(int[] appended) {
                        options.taps().onRoutedExperts(1, new int[][] {{0, 1}});
                        return super.prefill(appended);
                    }
                })))
                .get("experts-per-token");

        assertThat(anotherLayer.message())
                .isEqualTo("prompt one in one call, experts: expected of layers [1], found of [0, 1]");
        assertThat(anotherToken.message())
                .isEqualTo("prompt one in one call, layer 1: expected experts of 1 tokens, found of 2");
    }

    @Test
    void anEngineWithoutTapsMayStillNameItsExperts() {
        List<CheckResult> results = run(new ToyEngine() {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Supported(Set.of(Capability.FULL_LOGITS, Capability.ROUTED_EXPERTS));
            }
        });

        assertThat(byCheck(results).get("experts-per-token").outcome()).isEqualTo(Outcome.PASS);
        assertThat(byCheck(results).get("routed-experts").outcome()).isEqualTo(Outcome.PASS);
    }

    @Test
    void anotherExpertIsFoundAndAnotherOrderIsNot() {
        assertThat(failing(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    int[] experts(int[] prefix) {
                        int[] right = super.experts(prefix);
                        return new int[] {right[1], right[0]};
                    }
                }))))
                .isEmpty();
        CheckResult result = byCheck(run(session(options -> new ToyEngine.ToySession(options) {
                    @Override
                    int[] experts(int[] prefix) {
                        int[] experts = super.experts(prefix);
                        experts[1] = prefix.length == 2 ? (experts[1] + 1) % 8 : experts[1];
                        return experts;
                    }
                })))
                .get("routed-experts");

        assertThat(result.outcome()).isEqualTo(Outcome.FAIL);
        assertThat(result.message()).startsWith("layer 1, prompt two, token 1: expected experts [");
    }

    @Test
    void tooFewRowsOrLogitsFail() {
        assertFails("one-shot", options -> new ToyEngine.ToySession(options) {
            @Override
            public Prediction prefill(int[] appended) {
                float[][] rows = ((Prediction.Logits) super.prefill(appended)).values();
                return new Prediction.Logits(Arrays.copyOf(rows, Math.max(1, rows.length - 1)));
            }
        });
        assertFails("one-shot", options -> new ToyEngine.ToySession(options) {
            @Override
            float[] logits(int[] prefix) {
                return Arrays.copyOf(super.logits(prefix), ToyModel.VOCAB_SIZE - 1);
            }
        });
    }

    @Test
    void tapsDeclaredAndNotReportedFail() {
        ToyEngine engine = new ToyEngine() {
            @Override
            public Session newSession(SessionOptions options) {
                return new ToySession(SessionOptions.ofContext(options.maxContext()));
            }
        };
        Results results = byCheck(run(engine));

        assertThat(results.get("one-shot").outcome()).isEqualTo(Outcome.FAIL);
        assertThat(results.get("one-shot").message()).isEqualTo("declared taps, reported nothing at hidden.0");
        assertThat(results.get("routed-experts").message())
                .isEqualTo("declared routed experts, reported none at layer 1");
    }

    @Test
    void whatTheEngineThrowsIsAnErrorAndTheRunGoesOn() {
        List<CheckResult> results = run(session(options -> new ToyEngine.ToySession(options) {
            @Override
            public Prediction decode(int token) {
                throw new IllegalStateException("out of luck");
            }
        }));

        CheckResult result = byCheck(results).get("token-by-token");
        assertThat(result.outcome()).isEqualTo(Outcome.ERROR);
        assertThat(result.message()).isEqualTo("IllegalStateException: out of luck");
        assertThat(results).hasSameSizeAs(CHECKS);
        assertThat(byCheck(results).get("one-shot").outcome()).isEqualTo(Outcome.PASS);
    }

    @Test
    void anEngineThatOverflowsItsStackIsAnErrorToo() {
        List<CheckResult> results = run(session(options -> new ToyEngine.ToySession(options) {
            @Override
            public Prediction decode(int token) {
                throw new StackOverflowError();
            }
        }));

        CheckResult result = byCheck(results).get("token-by-token");
        assertThat(result.outcome()).isEqualTo(Outcome.ERROR);
        assertThat(result.message()).isEqualTo("java.lang.StackOverflowError");
        assertThat(results).hasSameSizeAs(CHECKS);
    }

    @Test
    void whatWasDeclaredAndCannotBeDoneIsACapabilityLie() {
        List<CheckResult> atRun = run(session(options -> new ToyEngine.ToySession(options) {
            @Override
            public void reset() {
                throw new UnsupportedOperationException("no reset");
            }
        }));
        List<CheckResult> atLoad = run(new ToyEngine() {
            @Override
            public Model load(Checkpoint checkpoint, LoadOptions options) {
                throw new UnsupportedModelException("no such kernel");
            }
        });

        assertThat(byCheck(atRun).get("reset-and-rerun").outcome()).isEqualTo(Outcome.CAPABILITY_LIE);
        assertThat(atLoad).hasSameSizeAs(CHECKS).allSatisfy(result -> {
            assertThat(result.outcome()).isEqualTo(Outcome.CAPABILITY_LIE);
            assertThat(result.message()).isEqualTo("declared supported, refused to load: no such kernel");
        });
    }

    @Test
    void aModelThatDoesNotLoadIsAnErrorOfEveryCheck() {
        List<CheckResult> results = run(new ToyEngine() {
            @Override
            public Model load(Checkpoint checkpoint, LoadOptions options) {
                throw new IllegalStateException("disk gone");
            }
        });

        assertThat(results).hasSameSizeAs(CHECKS).allSatisfy(result -> {
            assertThat(result.outcome()).isEqualTo(Outcome.ERROR);
            assertThat(result.message()).isEqualTo("loading: IllegalStateException: disk gone");
        });
    }

    @Test
    void anUnsupportedModelIsUnsupportedWithItsReason() {
        List<CheckResult> results = run(new ToyEngine() {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Unsupported("no kernel for toys");
            }
        });

        assertThat(results).hasSameSizeAs(CHECKS).allSatisfy(result -> {
            assertThat(result.outcome()).isEqualTo(Outcome.UNSUPPORTED);
            assertThat(result.message()).isEqualTo("no kernel for toys");
            assertThat(result.elements()).isZero();
        });
    }

    @Test
    void aCheckThatNeedsMoreThanIsDeclaredIsUnsupported() {
        List<CheckResult> results = run(new ToyEngine() {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Supported(Set.of(Capability.FULL_LOGITS));
            }
        });

        assertThat(byCheck(results).get("token-by-token").outcome()).isEqualTo(Outcome.PASS);
        assertThat(byCheck(results).get("one-shot").outcome()).isEqualTo(Outcome.UNSUPPORTED);
        assertThat(byCheck(results).get("one-shot").message()).isEqualTo("the engine does not declare [ALL_POSITIONS]");
    }

    @Test
    void anEngineThatComputesInBfloat16IsNotJudgedByAFloat32Yardstick() {
        List<CheckResult> results = run(new ToyEngine() {
            @Override
            public EngineInfo info() {
                return new EngineInfo("toy", "Toy", "1", ComputeType.BFLOAT16);
            }
        });

        assertThat(results)
                .hasSameSizeAs(CHECKS)
                .allSatisfy(result -> assertThat(result.outcome()).isEqualTo(Outcome.NOT_RUN));
    }

    private static void assertFails(String check, Function<SessionOptions, Session> session) {
        assertThat(byCheck(run(session(session))).get(check).outcome()).isEqualTo(Outcome.FAIL);
    }

    private static ToyEngine session(Function<SessionOptions, Session> session) {
        return new ToyEngine() {
            @Override
            public Session newSession(SessionOptions options) {
                return session.apply(options);
            }
        };
    }

    /// An engine that does this to every row of logits `[V]`.
    private static ToyEngine logits(UnaryOperator<float[]> change) {
        return session(options -> new ToyEngine.ToySession(options) {
            @Override
            float[] logits(int[] prefix) {
                return change.apply(super.logits(prefix));
            }
        });
    }

    private static List<CheckResult> run(Engine engine) {
        return GoldenSuite.run(engine, ToyModel.golden(), LoadOptions.defaults(), _ -> {});
    }

    private static List<String> failing(List<CheckResult> results) {
        return results.stream()
                .filter(result -> result.outcome() != Outcome.PASS)
                .map(CheckResult::check)
                .toList();
    }

    private static Results byCheck(List<CheckResult> results) {
        return new Results(results);
    }

    private record Results(List<CheckResult> all) {
        CheckResult get(String check) {
            return all.stream()
                    .filter(result -> result.check().equals(check))
                    .findFirst()
                    .orElseThrow();
        }
    }
}
