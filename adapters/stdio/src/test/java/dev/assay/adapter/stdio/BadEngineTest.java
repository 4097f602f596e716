package dev.assay.adapter.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.EngineCrashedException;
import dev.assay.engine.EngineLostException;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.EngineTimeoutException;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Whatever a process does instead of answering has an outcome of its own, and names what was expected and found.
class BadEngineTest {
    /// Enough for a shell to answer on a busy machine.
    private static final Duration ENOUGH = Duration.ofSeconds(30);

    private static final Limits PATIENT = new Limits(ENOUGH, ENOUGH, ENOUGH);

    private static final ModelConfig CONFIG = ModelConfig.parse("""
            {"model_type": "gpt2", "vocab_size": 5, "n_embd": 4, "n_head": 2, "n_layer": 1, "n_positions": 8}""", "test");

    @Test
    void aScriptThatKeepsToTheProtocolIsAnEngine() {
        Script script =
                Script.withSession().answer(Script.PREDICTED).then(Script.FRAME).then("cat >/dev/null");
        try (var engine = new StdioEngine(script.command(), PATIENT);
                Checkpoint checkpoint = checkpoint();
                Model model = engine.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(1))) {
            assertThat(engine.info().id()).isEqualTo("script");
            assertThat(session.prefill(new int[] {3}))
                    .isInstanceOfSatisfying(
                            Prediction.Logits.class,
                            logits -> assertThat(logits.values()).isDeepEqualTo(new float[][] {{1, -2}}));
            assertThat(session.length()).isEqualTo(1);
            assertThat(session.kvCacheBytes()).isEqualTo(8);
        }
    }

    static Stream<Arguments> badStarts() {
        return Stream.of(
                Arguments.of(
                        List.of("/nowhere/engine"),
                        EngineCrashedException.class,
                        "cannot be started: .*/nowhere/engine.*"),
                Arguments.of(
                        new Script().then("echo 'no GPU found' >&2; exit 3").command(),
                        EngineCrashedException.class,
                        "hello: the process ended with exit code 3; standard error ends: no GPU found"),
                Arguments.of(
                        new Script().then("kill -SEGV $$").command(),
                        EngineCrashedException.class,
                        "hello: the process ended with exit code 139 \\(signal 11\\)"),
                Arguments.of(
                        new Script().then("exit 0").command(),
                        EngineCrashedException.class,
                        "hello: the process ended with exit code 0"),
                Arguments.of(
                        new Script()
                                .then("echo 'Loading weights...'; cat >/dev/null")
                                .command(),
                        EngineProtocolException.class,
                        "hello: expected the answer to hello \\(1\\), found 'Loading weights...': .*"),
                Arguments.of(
                        new Script().then("exec >&-; cat >/dev/null").command(),
                        EngineProtocolException.class,
                        "hello: expected an answer, found its standard output closed"),
                Arguments.of(
                        new Script()
                                .answer(Script.HELLO.replace("stdio/1", "stdio/2"))
                                .then("cat >/dev/null")
                                .command(),
                        EngineProtocolException.class,
                        "hello: expected the protocol assay-stdio/1, found assay-stdio/2"),
                Arguments.of(
                        new Script()
                                .answer(Script.HELLO.replace("\"id\":1", "\"id\":7"))
                                .then("cat >/dev/null")
                                .command(),
                        EngineProtocolException.class,
                        "hello: expected the answer to hello \\(1\\), found that to 7"),
                Arguments.of(
                        new Script()
                                .answer(Script.HELLO.replace("\"title\"", "\"more\":1,\"title\""))
                                .then("cat >/dev/null")
                                .command(),
                        EngineProtocolException.class,
                        "hello: expected the answer to hello \\(1\\), found .*Unrecognized property \"more\".*"),
                Arguments.of(
                        new Script().then("read -r request; printf '{\"id\":1'").command(),
                        EngineProtocolException.class,
                        "hello: its answer ends within the line '\\{\"id\":1'; expected the rest; .* exit code 0"));
    }

    @ParameterizedTest
    @MethodSource("badStarts")
    void aProcessThatDoesNotGreetIsNoEngine(
            List<String> command, Class<? extends EngineLostException> type, String message) {
        assertThatThrownBy(() -> new StdioEngine(command, PATIENT))
                .isInstanceOf(type)
                .satisfies(e -> assertThat(e.getMessage()).matches("(?s)" + message));
    }

    static Stream<Arguments> badAnswers() {
        return Stream.of(
                Arguments.of(
                        Script.withSession().answer(Script.PREDICTED).then("printf '\\004\\000\\000\\000'; cat"),
                        EngineProtocolException.class,
                        "prefill: frame logits \\[1\\]\\[2\\]: expected 8 bytes, found a length of 4"),
                Arguments.of(
                        Script.withSession()
                                .answer(Script.PREDICTED)
                                .then("printf '\\010\\000\\000\\000\\000\\000\\000'; exit 0"),
                        EngineProtocolException.class,
                        "prefill: its answer ends after 3 of 8 bytes, row 0 of the frame logits; expected the rest; "
                                + "the process ended with exit code 0"),
                Arguments.of(
                        Script.withSession()
                                .answer(Script.PREDICTED)
                                .then("printf '\\010\\000\\000\\000'; echo 'out of memory' >&2; kill -KILL $$"),
                        EngineCrashedException.class,
                        "prefill: its answer ends after 0 of 8 bytes, row 0 of the frame logits; the process ended "
                                + "with exit code 137 \\(signal 9\\); standard error ends: out of memory"),
                Arguments.of(
                        Script.withSession().answer("[INFO] prefill of 1 token").then("cat >/dev/null"),
                        EngineProtocolException.class,
                        "prefill: expected the answer to prefill \\(4\\), found '\\[INFO\\] prefill of 1 token': .*"),
                Arguments.of(
                        Script.withSession()
                                .answer(Script.PREDICTED.replace("\"columns\":2", "\"columns\":999999999"))
                                .then("cat >/dev/null"),
                        EngineProtocolException.class,
                        "prefill: expected a frame of at most .* found logits \\[1\\]\\[999999999\\]"),
                Arguments.of(
                        Script.withSession()
                                .answer(Script.PREDICTED.replace(
                                        "\"taps\":[]", "\"taps\":[{\"tap\":\"hidden.0\",\"rows\":1,\"columns\":1}]"))
                                .then("cat >/dev/null"),
                        EngineProtocolException.class,
                        "prefill: expected no taps and no routed experts, as none were asked for, found 1 and 0"),
                Arguments.of(
                        Script.withSession()
                                .answer(Script.OPENED.replace("3", "4"))
                                .then("cat >/dev/null"),
                        EngineProtocolException.class,
                        "prefill: expected the answer to prefill \\(4\\), found .*"));
    }

    @ParameterizedTest
    @MethodSource("badAnswers")
    void aBadAnswerSaysWhatWasExpectedAndWhatWasFound(
            Script script, Class<? extends EngineLostException> type, String message) {
        try (var engine = new StdioEngine(script.command(), PATIENT);
                Checkpoint checkpoint = checkpoint();
                Model model = engine.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(1))) {
            assertThatThrownBy(() -> session.prefill(new int[] {3}))
                    .isInstanceOf(type)
                    .satisfies(e -> assertThat(e.getMessage()).matches("(?s)" + message));
            assertThatThrownBy(() -> session.decode(3))
                    .as("the model stays lost")
                    .isInstanceOf(type)
                    .satisfies(e -> assertThat(e.getMessage()).matches("(?s)" + message));
        }
    }

    @Test
    void anEngineThatHangsIsEndedAtItsLimit() {
        Script script = Script.withSession().then("echo 'thinking' >&2; sleep 600");
        Limits limits = new Limits(ENOUGH, ENOUGH, Duration.ofSeconds(3));
        try (var engine = new StdioEngine(script.command(), limits);
                Checkpoint checkpoint = checkpoint();
                Model model = engine.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(1))) {
            assertThatThrownBy(() -> session.prefill(new int[] {3}))
                    .isInstanceOf(EngineTimeoutException.class)
                    .hasMessage("prefill: no answer within 3000 ms; standard error ends: thinking");
        }
    }

    @Test
    void aSlowStartIsLimitedByItself() {
        Limits limits = new Limits(Duration.ofMillis(300), ENOUGH, ENOUGH);
        assertThatThrownBy(() -> new StdioEngine(new Script().then("sleep 600").command(), limits))
                .isInstanceOf(EngineTimeoutException.class)
                .hasMessage("hello: no answer within 300 ms");

        Script slow = new Script().then("sleep 1").answer(Script.HELLO).then("cat >/dev/null");
        Limits longer = new Limits(ENOUGH, ENOUGH, Duration.ofMillis(300));
        try (var engine = new StdioEngine(slow.command(), longer)) {
            assertThat(engine.info().id()).isEqualTo("script");
        }
    }

    /// The suite gives each way of being lost its outcome, asks a lost engine nothing more, and goes on.
    @ParameterizedTest
    @MethodSource("lost")
    void theSuiteGoesOnAfterALostEngine(String then, Outcome outcome) {
        String able = """
                {"id":2,"support":{"kind":"supported","capabilities":["FULL_LOGITS","ALL_POSITIONS"]}}""";
        Script script = new Script()
                .answer(Script.HELLO)
                .answer(able)
                .answer(Script.LOADED.replace("\"id\":2", "\"id\":3"))
                .answer(Script.OPENED.replace("\"id\":3", "\"id\":4"))
                .then("read -r request")
                .then(then);
        GoldenCase golden = Goldens.bundled("gpt2-base");
        try (var engine = new StdioEngine(script.command(), new Limits(ENOUGH, ENOUGH, Duration.ofSeconds(3)))) {
            for (int run = 0; run < 2; run++) {
                List<CheckResult> results = GoldenSuite.run(engine, golden, LoadOptions.defaults(), _ -> {});

                assertThat(results.getFirst().outcome()).isEqualTo(outcome);
                assertThat(results.getFirst().message()).startsWith("prefill: ");
                assertThat(results.subList(1, results.size()))
                        .isNotEmpty()
                        .extracting(CheckResult::outcome)
                        .containsOnly(Outcome.NOT_RUN);
            }
        }
    }

    static Stream<Arguments> lost() {
        return Stream.of(
                Arguments.of("exit 9", Outcome.CRASH),
                Arguments.of("sleep 600", Outcome.TIMEOUT),
                Arguments.of("echo 'nan'; cat >/dev/null", Outcome.ERROR));
    }

    private static Checkpoint checkpoint() {
        return SyntheticWeights.forShape(CONFIG, ElementType.F32, 1).checkpoint(CONFIG);
    }
}
