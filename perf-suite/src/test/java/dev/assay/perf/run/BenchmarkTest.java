package dev.assay.perf.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.Execution;
import dev.assay.engine.Footprint;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.perf.PerfException;
import dev.assay.perf.ceiling.CeilingEffort;
import dev.assay.perf.model.BenchModel;
import dev.assay.reference.ReferenceEngine;
import dev.assay.report.BenchRow;
import dev.assay.report.BudgetUse;
import dev.assay.report.BudgetUse.Yardstick;
import dev.assay.report.Outcome;
import dev.assay.report.Spread;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class BenchmarkTest {
    private static final Settings SETTINGS = settings();

    private static Settings settings(Load... loads) {
        return new Settings(
                2, 3, Duration.ofSeconds(5), new CeilingEffort(1 << 20, 4), 4, Duration.ofMinutes(1), List.of(loads));
    }

    /// Allows a difference of a millionth.
    private static final LogitsRule RULE = (what, expected, actual) -> {
        assertThat(actual).as(what).hasDimensions(expected.length, expected[0].length);
        double max = 0;
        for (int row = 0; row < expected.length; row++) {
            for (int i = 0; i < expected[row].length; i++) {
                max = Math.max(max, Math.abs(actual[row][i] - (double) expected[row][i]));
            }
        }
        return new BudgetUse("logits", what, max, 1e-6, max, 1e-6, Yardstick.STANDARD_DEVIATION);
    };

    private static BenchRow run(Engine engine, BenchModel model) throws InterruptedException {
        return run(engine, model, new ArrayList<>());
    }

    private static BenchRow run(Engine engine, BenchModel model, List<String> progress) throws InterruptedException {
        return measure(SETTINGS, engine, model, progress).row();
    }

    private static Measured measure(Settings settings, Engine engine, BenchModel model, List<String> progress)
            throws InterruptedException {
        Workload workload = Workload.random(9, 5, model.config().vocabSize());
        try (Checkpoint checkpoint = model.checkpoint().get()) {
            return new Benchmark(settings, new ReferenceEngine(), RULE, progress::add)
                    .run(engine, model, checkpoint, workload, "./assay bench");
        }
    }

    @Test
    void aRightEngineGetsFiguresThatFollowFromOneAnother() throws InterruptedException {
        List<String> progress = new ArrayList<>();

        BenchRow row = run(new AlteredEngine(), TinyModel.DENSE, progress);

        assertThat(row.checked().message()).isNull();
        assertThat(row.checked().outcome()).isEqualTo(Outcome.PASS);
        // Four positions against the reference, and six timed rows against the check run.
        assertThat(row.checked().elements()).isEqualTo(10 * 37);
        assertThat(row.checked().positions()).isEqualTo(4);
        BenchRow.Prefill prefill = Objects.requireNonNull(row.prefill());
        BenchRow.Decode decode = Objects.requireNonNull(row.decode());
        BenchRow.Ceilings ceilings = Objects.requireNonNull(row.ceilings());
        assertThat(prefill.tokens()).isEqualTo(9);
        assertThat(prefill.spread().samples()).hasSize(3);
        assertThat(prefill.fmaPeakShare())
                .isCloseTo(
                        prefill.flops() / 9.0 * medianOfRatios(prefill.spread(), ceilings.fma()),
                        withinPercentage(1e-6));
        assertThat(decode.tokens()).isEqualTo(5);
        assertThat(decode.spread().samples()).hasSize(3);
        assertThat(decode.latency().count()).isEqualTo(15);
        assertThat(decode.readCeilingShare())
                .isCloseTo(
                        decode.bytesPerToken() * medianOfRatios(decode.spread(), ceilings.read()),
                        withinPercentage(1e-6));
        // The reference allocates, at least the row of logits that it returns.
        assertThat(decode.returnedBytesPerToken()).isEqualTo(37 * 4);
        assertThat(decode.allocatedBytesPerToken()).isGreaterThan(37 * 4);
        // Ceilings are measured before and after each half of each repetition.
        assertThat(ceilings.read().samples()).hasSize(6);
        assertThat(ceilings.fma().samples()).hasSize(6);
        assertThat(progress)
                .containsExactly(
                        "altered: loading", "altered: measuring", "altered: checking", "altered: asking the reference");
    }

    /// Speeds over the mean of the ceilings right before and after.
    private static double medianOfRatios(Spread speeds, Spread ceilings) {
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < speeds.samples().size(); i++) {
            double around = ceilings.samples().get(2 * i) + ceilings.samples().get(2 * i + 1);
            ratios.add(2 * speeds.samples().get(i) / around);
        }
        return Spread.of(ratios).median();
    }

    /// 3 layers of 2 KV heads of 6, keys and values, in float32, for 14 positions; all weights but the tied head
    /// once.
    @Test
    void countsBytesAsTheArchitectureMeansThem() throws InterruptedException {
        BenchRow row = run(new AlteredEngine(), TinyModel.DENSE);

        assertThat(row.kvCache()).isEqualTo(new BenchRow.KvCache(3L * 2 * 2 * 6 * 4 * 14, 3 * 2 * 2 * 6 * 4 * 14));
        long layer = 18 * 24 * 2 + 18 * 12 * 2 + 3 * 18 * 13 + 2 * 18 + 2 * 6;
        long parameters = 37 * 18 + 3 * layer + 18;
        assertThat(row.activeParameters()).isEqualTo(new BenchRow.ActiveParameters(parameters, parameters));
        // Positions 9 to 13: weights in bf16, a cache of 10 to 14 positions read, one position written.
        assertThat(Objects.requireNonNull(row.decode()).bytesPerToken())
                .isEqualTo((double) (2 * parameters + 3 * 2 * 2 * 6 * 4 * (12 + 1)));
    }

    @Test
    void countsATensorOnceHoweverOftenItIsRead() {
        try (Checkpoint checkpoint = TinyModel.DENSE.checkpoint().get()) {
            CountedCheckpoint counted = new CountedCheckpoint(checkpoint);
            assertThat(counted.elements()).isZero();

            counted.tensor("model.norm.weight", 18);
            counted.tensor("model.norm.weight", 18);

            assertThat(counted.elements()).isEqualTo(18);
        }
    }

    @Test
    void tellsTheLatenciesOfTheVeryRunAndWhatKnowingThemTakes() throws InterruptedException {
        Measured measured = measure(SETTINGS, new AlteredEngine(), TinyModel.DENSE, new ArrayList<>());

        BenchRow.Requests requests = Objects.requireNonNull(measured.row().requests());
        BenchRow.Prefill prefill = Objects.requireNonNull(measured.row().prefill());
        BenchRow.Decode decode = Objects.requireNonNull(measured.row().decode());
        // HdrHistogram keeps three digits.
        assertThat(requests.ttft().max()).isCloseTo(9e3 / prefill.spread().min(), withinPercentage(0.2));
        assertThat(requests.tpot().max()).isCloseTo(1e3 / decode.spread().min(), withinPercentage(0.2));
        assertThat(requests.ttft().count()).isEqualTo(3);
        assertThat(requests.ttft().p90()).isNull();
        assertThat(decode.latency().p90()).isNotNull();
        assertThat(requests.recording().count()).isEqualTo(3 * (1 + 5));
        assertThat(requests.recording().nanosecondsEach()).isBetween(1.0, 10_000.0);
        assertThat(requests.sessions()).isNull();
        assertThat(requests.openLoop()).isNull();
        assertThat(requests.tag()).isEqualTo("altered/tiny/bf16/3-layers");
        assertThat(measured.log()).isNotNull();
    }

    /// A token of a session waits for the turns of the two others, of 5 ms each as its own.
    @Test
    void sessionsTakeTurns() throws InterruptedException {
        Engine slow = new AlteredEngine() {
            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                LockSupport.parkNanos(5_000_000);
                return prediction;
            }
        };

        Measured measured = measure(settings(new Load.Sessions(3)), slow, TinyModel.DENSE, new ArrayList<>());

        BenchRow.Sessions sessions = Objects.requireNonNull(
                Objects.requireNonNull(measured.row().requests()).sessions());
        assertThat(sessions.count()).isEqualTo(3);
        assertThat(sessions.tokensPerSecond().samples()).hasSize(3);
        assertThat(sessions.tokensPerSecond().max()).isLessThanOrEqualTo(200);
        assertThat(sessions.itl()).hasSize(3).allMatch(itl -> itl.count() == 15 && itl.p50() > 14);
    }

    /// The second request is due long before the first is served: it waits, and the schedule does not.
    @Test
    void anOpenLoopCountsTheWaiting() throws InterruptedException {
        Engine slow = new AlteredEngine() {
            @Override
            Prediction prefilled(SessionOptions options, Prediction prediction) {
                LockSupport.parkNanos(20_000_000);
                return prediction;
            }
        };

        Measured measured = measure(settings(new Load.OpenLoop(1000, 5)), slow, TinyModel.DENSE, new ArrayList<>());

        BenchRow.OpenLoop open = Objects.requireNonNull(
                Objects.requireNonNull(measured.row().requests()).openLoop());
        assertThat(open.ttft().count()).isEqualTo(5);
        // Four requests of 20 ms each are before the last, which came a few milliseconds after the first.
        assertThat(open.waiting().max()).isGreaterThan(50);
        assertThat(open.ttft().max()).isGreaterThan(open.waiting().max() + 15);
        assertThat(open.total().max()).isGreaterThanOrEqualTo(open.ttft().max());
    }

    @Test
    void anEngineOfOneSessionHasNoSeveral() throws InterruptedException {
        Engine alone = new AlteredEngine() {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Supported(Set.of(Capability.FULL_LOGITS, Capability.ALL_POSITIONS));
            }
        };

        BenchRow row = measure(settings(new Load.Sessions(2)), alone, TinyModel.DENSE, new ArrayList<>())
                .row();
        assertThat(row.checked())
                .isEqualTo(BenchRow.Checked.ended(
                        Outcome.UNSUPPORTED, "the engine does not declare that it runs several sessions of a model"));

        BenchRow.KvCache cache =
                Objects.requireNonNull(run(alone, TinyModel.DENSE).kvCache());
        assertThat(cache.countedBytes()).isNull();
        assertThat(cache.formulaBytes()).isEqualTo(3 * 2 * 2 * 6 * 4 * 14);
    }

    /// Right in one session, wrong in the next that is opened with the same options.
    @Test
    void anEngineThatIsWrongUnderLoadGetsNoFigures() throws InterruptedException {
        Engine wrong = new AlteredEngine() {
            private final Set<SessionOptions> seen = Collections.newSetFromMap(new IdentityHashMap<>());
            private int timed;

            @Override
            public Model load(Checkpoint checkpoint, LoadOptions options) {
                Model model = super.load(checkpoint, options);
                timed = 0;
                return new Model() {
                    @Override
                    public Session newSession(SessionOptions asked) {
                        SessionOptions own = asked.withLogits(asked.logits());
                        if (asked.logits() == LogitsScope.LAST_POSITION && timed++ > 0) {
                            seen.add(own);
                        }
                        return model.newSession(own);
                    }

                    @Override
                    public Footprint footprint() {
                        return model.footprint();
                    }

                    @Override
                    public Execution execution() {
                        return model.execution();
                    }

                    @Override
                    public void close() {
                        model.close();
                    }
                };
            }

            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                return seen.contains(options) ? off(prediction, 1e-3f) : prediction;
            }
        };

        assertThat(run(wrong, TinyModel.DENSE).checked().outcome()).isEqualTo(Outcome.PASS);
        BenchRow row = measure(settings(new Load.Sessions(2)), wrong, TinyModel.DENSE, new ArrayList<>())
                .row();
        assertThat(row.checked().message())
                .isEqualTo("the same tokens gave other logits under load than in the timed run");
        assertThat(row.requests()).isNull();
    }

    @Test
    void countsTheExpertsThatTokensWentTo() throws InterruptedException {
        BenchRow row = run(new AlteredEngine(), TinyModel.EXPERTS);

        assertThat(row.checked().outcome()).isEqualTo(Outcome.PASS);
        long layer = 18 * 24 * 2 + 18 * 12 * 2 + 5 * 18 + 2 * (3 * 18 * 7) + 2 * 18 + 2 * 6;
        long parameters = 37 * 18 + 2 * layer + 18;
        assertThat(row.activeParameters()).isEqualTo(new BenchRow.ActiveParameters(parameters, parameters));
    }

    @Test
    void anEngineThatIsOffTheReferenceGetsNone() throws InterruptedException {
        Engine wrong = new AlteredEngine() {
            @Override
            Prediction prefilled(SessionOptions options, Prediction prediction) {
                return options.logits() == LogitsScope.ALL_POSITIONS ? off(prediction, 1e-3f) : prediction;
            }
        };

        BenchRow row = run(wrong, TinyModel.DENSE);

        assertThat(row.checked().outcome()).isEqualTo(Outcome.FAIL);
        assertThat(row.checked().message()).isEqualTo("the check run is off the reference");
        assertThat(row.prefill()).isNull();
        assertThat(row.ceilings()).isNull();
    }

    @Test
    void anEngineThatDecodesWrongWhileTheClockRunsGetsNone() throws InterruptedException {
        Engine wrong = new AlteredEngine() {
            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                return off(prediction, 1e-3f);
            }
        };

        BenchRow row = run(wrong, TinyModel.DENSE);

        assertThat(row.checked().message()).isEqualTo("the timed run is off the check run of the same engine");
        assertThat(row.decode()).isNull();
    }

    @Test
    void anEngineThatDoesNotRepeatItselfGetsNone() throws InterruptedException {
        Engine wrong = new AlteredEngine() {
            private int calls;

            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                return off(prediction, ++calls * 1e-8f);
            }
        };

        BenchRow row = run(wrong, TinyModel.DENSE);

        assertThat(row.checked().outcome()).isEqualTo(Outcome.FAIL);
        assertThat(row.checked().message())
                .isEqualTo("repetitions of the same tokens gave different logits: 3 results in 3 repetitions");
    }

    @Test
    void aNaNNeverPasses() throws InterruptedException {
        Engine wrong = new AlteredEngine() {
            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                return off(prediction, Float.NaN);
            }
        };

        assertThat(run(wrong, TinyModel.DENSE).checked().outcome()).isEqualTo(Outcome.FAIL);
    }

    @Test
    void anEngineThatThrowsIsARowThatSaysSo() throws InterruptedException {
        Engine failing = new AlteredEngine() {
            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                throw new IllegalStateException("no more");
            }
        };

        BenchRow row = run(failing, TinyModel.DENSE);

        assertThat(row.checked().outcome()).isEqualTo(Outcome.ERROR);
        assertThat(row.checked().message()).contains("threw java.lang.IllegalStateException: no more");
        assertThat(Objects.requireNonNull(row.execution()).backend()).isEqualTo("scalar");
    }

    /// A fault of the reference is not the engine's.
    @Test
    void aReferenceThatFailsIsAFault() {
        Engine failing = new AlteredEngine() {
            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                throw new IllegalStateException("no more");
            }
        };
        Workload workload = Workload.random(2, 1, 37);

        assertThatThrownBy(() -> {
                    try (Checkpoint checkpoint = TinyModel.DENSE.checkpoint().get()) {
                        new Benchmark(SETTINGS, failing, RULE, _ -> {})
                                .run(new AlteredEngine(), TinyModel.DENSE, checkpoint, workload, "./assay bench");
                    }
                })
                .isInstanceOf(PerfException.class)
                .hasMessageContaining("the reference failed on tiny: java.lang.IllegalStateException: no more");
    }

    @Test
    void whatCannotBeCheckedIsNotMeasured() throws InterruptedException {
        Engine greedy = new AlteredEngine() {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Supported(Set.of(Capability.GREEDY_TOKENS, Capability.ALL_POSITIONS));
            }
        };
        Engine unable = new AlteredEngine() {
            @Override
            public Support supports(ModelConfig config) {
                return new Support.Unsupported("no kernel for anything");
            }
        };

        assertThat(run(greedy, TinyModel.DENSE).checked())
                .isEqualTo(BenchRow.Checked.ended(
                        Outcome.UNSUPPORTED, "no speed without a checked result, which needs [FULL_LOGITS]"));
        assertThat(run(unable, TinyModel.DENSE).checked().message()).isEqualTo("no kernel for anything");
    }

    @Test
    void predictionsOfAnotherKindThanDeclaredAreAnError() throws InterruptedException {
        Engine lying = new AlteredEngine() {
            @Override
            Prediction decoded(SessionOptions options, Prediction prediction) {
                return new Prediction.GreedyTokens(new int[] {0});
            }
        };

        assertThat(run(lying, TinyModel.DENSE).checked().message())
                .contains("declared full logits and returned GreedyTokens");
    }
}
