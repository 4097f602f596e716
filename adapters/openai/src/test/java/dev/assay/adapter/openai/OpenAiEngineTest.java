package dev.assay.adapter.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.assay.adapter.openai.ReferenceServer.Behaviour;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.EngineCrashedException;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.EngineTimeoutException;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction.TopLogProbabilities;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.golden.Goldens;
import java.net.URI;
import java.time.Duration;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class OpenAiEngineTest {
    private static final GoldenCase GOLDEN = Goldens.bundled("gpt2-prefix");
    private static final Duration ENOUGH = Duration.ofSeconds(30);

    /// The longest prompt, shortened: each of its tokens is a request.
    private static int[] tokens() {
        int[] tokens = new int[9];
        System.arraycopy(GOLDEN.longestPrompt().tokens(), 0, tokens, 0, tokens.length);
        return tokens;
    }

    @ParameterizedTest
    @EnumSource(
            value = Behaviour.class,
            names = {"TOKEN_ID_TEXTS", "ID_FIELDS", "SLOW_START"})
    void aRightServerPredictsWhatTheOracleDoes(Behaviour behaviour) {
        GoldenPrompt prompt = GOLDEN.longestPrompt();
        int[] tokens = tokens();
        try (var server = new ReferenceServer(GOLDEN, behaviour);
                Checkpoint checkpoint = GOLDEN.weights().open();
                Model model = engine(server.base(), ENOUGH).load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            TopLogProbabilities top = (TopLogProbabilities) session.prefill(tokens);

            assertThat(session.length()).isEqualTo(tokens.length);
            assertThat(top.rows()).isEqualTo(tokens.length);
            for (int t = 0; t < tokens.length; t++) {
                double[] expected = logSoftmax(prompt.logits()[t]);
                assertThat(top.tokens()[t]).hasSize(20).doesNotHaveDuplicates();
                for (int i = 0; i < top.tokens()[t].length; i++) {
                    assertThat((double) top.logProbabilities()[t][i])
                            .as("position %d, candidate %d", t, i)
                            .isCloseTo(expected[top.tokens()[t][i]], within(1e-5));
                }
                for (int i = 1; i < top.tokens()[t].length; i++) {
                    assertThat(top.logProbabilities()[t][i]).isLessThanOrEqualTo(top.logProbabilities()[t][i - 1]);
                }
            }
        }
    }

    @Test
    void aWrongServerIsReportedAsItIs() {
        int[] tokens = tokens();
        try (var server = new ReferenceServer(GOLDEN, Behaviour.WRONG);
                Checkpoint checkpoint = GOLDEN.weights().open();
                Model model = engine(server.base(), ENOUGH).load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            TopLogProbabilities top = (TopLogProbabilities) session.prefill(tokens);

            double[] expected = logSoftmax(GOLDEN.longestPrompt().logits()[tokens.length - 1]);
            int token = top.tokens()[tokens.length - 1][0];
            assertThat(Math.abs(top.logProbabilities()[tokens.length - 1][0] - expected[token]))
                    .isGreaterThan(1e-3);
        }
    }

    @Test
    void chunksAndTheLastPositionAreWhatTheWholeIs() {
        int[] tokens = tokens();
        try (var server = new ReferenceServer(GOLDEN, Behaviour.TOKEN_ID_TEXTS);
                Checkpoint checkpoint = GOLDEN.weights().open();
                Model model = engine(server.base(), ENOUGH).load(checkpoint, LoadOptions.defaults());
                Session whole = model.newSession(SessionOptions.ofContext(tokens.length));
                Session last = model.newSession(
                        SessionOptions.ofContext(tokens.length).withLogits(LogitsScope.LAST_POSITION))) {
            TopLogProbabilities all = (TopLogProbabilities) whole.prefill(tokens);
            for (int token : tokens) {
                last.decode(token);
            }
            last.reset();
            TopLogProbabilities one = (TopLogProbabilities) last.prefill(tokens);

            assertThat(one.rows()).isEqualTo(1);
            assertThat(one.tokens()[0]).isEqualTo(all.tokens()[tokens.length - 1]);
            assertThat(one.logProbabilities()[0]).isEqualTo(all.logProbabilities()[tokens.length - 1]);
        }
    }

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(
                        Behaviour.FAILING,
                        IllegalStateException.class,
                        "completions: expected status 200, found 500 '{\"error\":\"CUDA out of memory\"}'"),
                Arguments.of(
                        Behaviour.TRUNCATED,
                        EngineProtocolException.class,
                        "completions: expected JSON, found '{\"choices"),
                Arguments.of(
                        Behaviour.NO_LOG_PROBABILITIES,
                        EngineProtocolException.class,
                        "completions: expected choices[0].logprobs with top_logprobs, found 'null'"),
                Arguments.of(
                        Behaviour.TEXTS,
                        UnsupportedOperationException.class,
                        "the server names tokens by their text, such as 'word"),
                Arguments.of(
                        Behaviour.DROPPING, EngineCrashedException.class, "completions: the connection was lost: "),
                Arguments.of(Behaviour.HANGING, EngineTimeoutException.class, "completions: no answer within 2000 ms"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void whatGoesWrongIsThrownAsWhatItIs(Behaviour behaviour, Class<? extends RuntimeException> type, String message) {
        Duration limit = behaviour == Behaviour.HANGING ? Duration.ofSeconds(2) : ENOUGH;
        try (var server = new ReferenceServer(GOLDEN, behaviour);
                Checkpoint checkpoint = GOLDEN.weights().open();
                Model model = engine(server.base(), limit).load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(4))) {
            assertThatThrownBy(() -> session.decode(3)).isInstanceOf(type).hasMessageStartingWith(message);
        }
    }

    @Test
    void aServerThatAsksForAKeyIsGivenIt() {
        try (var server = new ReferenceServer(GOLDEN, Behaviour.ASKS_FOR_KEY);
                Checkpoint checkpoint = GOLDEN.weights().open();
                Model model = engine(server.base(), Optional.of(new ApiKey(ReferenceServer.KEY)))
                        .load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(4))) {
            assertThat(session.decode(3)).isInstanceOf(TopLogProbabilities.class);
        }
    }

    @Test
    void aKeyThatTheServerRefusesAndRepeatsIsInNoMessage() {
        try (var server = new ReferenceServer(GOLDEN, Behaviour.ASKS_FOR_KEY);
                Checkpoint checkpoint = GOLDEN.weights().open()) {
            OpenAiEngine engine = engine(server.base(), Optional.of(new ApiKey("sk-secret")));

            assertThatThrownBy(() -> engine.load(checkpoint, LoadOptions.defaults()))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("models: expected status 200, found 401 '{\"error\":\"wrong key: Bearer [API key]\"}'");
            assertThat(engine.info().toString()).doesNotContain("sk-secret");
        }
    }

    @Test
    void aServerThatAsksForAKeyIsNotReadWithoutOne() {
        try (var server = new ReferenceServer(GOLDEN, Behaviour.ASKS_FOR_KEY);
                Checkpoint checkpoint = GOLDEN.weights().open()) {
            OpenAiEngine engine = engine(server.base(), ENOUGH);

            assertThatThrownBy(() -> engine.load(checkpoint, LoadOptions.defaults()))
                    .hasMessage("models: expected status 200, found 401 '{\"error\":\"wrong key: null\"}'");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "two words", "line\nbreak", "schlüssel"})
    void aKeyThatNoHeaderCanHoldIsRefusedAndNotRepeated(String key) {
        assertThatThrownBy(() -> new ApiKey(key))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("API key: expected visible ASCII characters without spaces, found " + key.length()
                        + " characters that are not all such");
    }

    @Test
    void aServerThatNeverStartsIsATimeout() {
        URI nobody;
        try (var server = new ReferenceServer(GOLDEN, Behaviour.TOKEN_ID_TEXTS)) {
            nobody = server.base();
        }
        try (Checkpoint checkpoint = GOLDEN.weights().open()) {
            var engine = new OpenAiEngine(nobody, Optional.empty(), Duration.ofMillis(500), ENOUGH);
            assertThatThrownBy(() -> engine.load(checkpoint, LoadOptions.defaults()))
                    .isInstanceOf(EngineTimeoutException.class)
                    .hasMessage("models: no answer from " + nobody + " within 500 ms, found no connection");
        }
    }

    private static OpenAiEngine engine(URI base, Duration call) {
        return new OpenAiEngine(base, Optional.empty(), ENOUGH, call);
    }

    private static OpenAiEngine engine(URI base, Optional<ApiKey> key) {
        return new OpenAiEngine(base, key, ENOUGH, ENOUGH);
    }

    private static double[] logSoftmax(double[] logits) {
        float[] rounded = new float[logits.length];
        for (int v = 0; v < logits.length; v++) {
            rounded[v] = (float) logits[v];
        }
        return ReferenceServer.logSoftmax(rounded);
    }
}
