package dev.assay.reference;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.MethodSource;

/// The contract of [Session], for every architecture.
///
/// Logits are compared bit by bit: the reference computes each token by itself and in one order, however the tokens
/// are handed in.
@ParameterizedClass
@MethodSource("configs")
class ReferenceSessionTest {
    private static final int[] PROMPT = TinyModels.prompt(9);
    private static final SessionOptions OPTIONS = SessionOptions.ofContext(PROMPT.length);

    private final ModelConfig config;
    private final Checkpoint checkpoint;
    private final Model model;

    ReferenceSessionTest(ModelConfig config) {
        this.config = config;
        this.checkpoint = TinyModels.checkpoint(config);
        this.model = new ReferenceEngine().load(checkpoint, LoadOptions.defaults());
    }

    static List<ModelConfig> configs() {
        return TinyModels.all();
    }

    @AfterEach
    void close() {
        model.close();
        checkpoint.close();
    }

    @Test
    void prefillReturnsLogitsOfEveryPosition() {
        float[][] logits = oneShot(PROMPT); // [T][V]
        assertThat(logits).hasDimensions(PROMPT.length, TinyModels.VOCAB_SIZE);
        for (float[] row : logits) {
            for (float logit : row) {
                assertThat(logit).isFinite();
            }
        }
        assertThat(logits[0]).as("positions differ").isNotEqualTo(logits[1]);
    }

    @Test
    void prefillReturnsLogitsOfTheLastPositionIfAskedTo() {
        try (Session session = model.newSession(OPTIONS.withLogits(LogitsScope.LAST_POSITION))) {
            Prediction.Logits logits = (Prediction.Logits) session.prefill(PROMPT);
            assertThat(logits.rows()).isEqualTo(1);
            assertThat(logits.last()).isEqualTo(oneShot(PROMPT)[PROMPT.length - 1]);
        }
    }

    @Test
    void decodingTokenByTokenComputesTheSameBits() {
        float[][] expected = oneShot(PROMPT); // [T][V]
        try (Session session = model.newSession(OPTIONS)) {
            for (int t = 0; t < PROMPT.length; t++) {
                Prediction.Logits logits = (Prediction.Logits) session.decode(PROMPT[t]);
                assertThat(logits.rows()).isEqualTo(1);
                assertThat(logits.last()).as("position %d", t).isEqualTo(expected[t]);
            }
        }
    }

    @Test
    void chunksComputeTheSameBits() {
        float[][] expected = oneShot(PROMPT); // [T][V]
        for (int cut = 1; cut < PROMPT.length; cut++) {
            try (Session session = model.newSession(OPTIONS)) {
                float[][] head = logits(session.prefill(Arrays.copyOf(PROMPT, cut)));
                float[][] tail = logits(session.prefill(Arrays.copyOfRange(PROMPT, cut, PROMPT.length)));
                assertThat(head).as("cut at %d", cut).isDeepEqualTo(Arrays.copyOf(expected, cut));
                assertThat(tail).as("cut at %d", cut).isDeepEqualTo(Arrays.copyOfRange(expected, cut, expected.length));
            }
        }
    }

    @Test
    void aTokenDoesNotSeeThoseAfterIt() {
        int[] changed = PROMPT.clone();
        int last = PROMPT.length - 1;
        changed[last] = (changed[last] + 1) % TinyModels.VOCAB_SIZE;
        float[][] logits = oneShot(PROMPT); // [T][V]
        float[][] ofChanged = oneShot(changed); // [T][V]
        assertThat(Arrays.copyOf(ofChanged, last)).isDeepEqualTo(Arrays.copyOf(logits, last));
        assertThat(ofChanged[last]).isNotEqualTo(logits[last]);
    }

    @Test
    void aTokenSeesAllBeforeIt() {
        int[] changed = PROMPT.clone();
        changed[0] = (changed[0] + 1) % TinyModels.VOCAB_SIZE;
        float[][] logits = oneShot(PROMPT); // [T][V]
        float[][] ofChanged = oneShot(changed); // [T][V]
        for (int t = 0; t < PROMPT.length; t++) {
            assertThat(ofChanged[t]).as("position %d", t).isNotEqualTo(logits[t]);
        }
    }

    @Test
    void resetForgetsEverything() {
        try (Session session = model.newSession(OPTIONS)) {
            float[][] first = logits(session.prefill(PROMPT));
            session.reset();
            assertThat(session.length()).isZero();
            assertThat(session.kvCacheBytes()).isZero();
            assertThat(logits(session.prefill(PROMPT))).isDeepEqualTo(first);
        }
    }

    @Test
    void sessionsUsedInTurnDoNotSeeEachOther() {
        int[] other = TinyModels.prompt(PROMPT.length + 4);
        other = Arrays.copyOfRange(other, 4, other.length);
        float[][] expected = oneShot(PROMPT); // [T][V]
        float[][] expectedOfOther = oneShot(other); // [T][V]
        try (Session session = model.newSession(OPTIONS);
                Session sessionOfOther = model.newSession(OPTIONS)) {
            for (int t = 0; t < PROMPT.length; t++) {
                assertThat(logits(session.decode(PROMPT[t]))[0]).isEqualTo(expected[t]);
                assertThat(logits(sessionOfOther.decode(other[t]))[0]).isEqualTo(expectedOfOther[t]);
            }
        }
    }

    @Test
    void resultsBelongToTheCaller() {
        try (Session session = model.newSession(OPTIONS)) {
            float[][] first = logits(session.decode(PROMPT[0]));
            float[] copy = first[0].clone();
            Arrays.fill(logits(session.decode(PROMPT[1]))[0], Float.NaN);
            assertThat(first[0]).isEqualTo(copy);
            assertThat(logits(session.decode(PROMPT[2]))[0]).doesNotContain(Float.NaN);
        }
    }

    @Test
    void cacheBytesAreThoseTheArchitectureMeans() {
        try (Session session = model.newSession(OPTIONS)) {
            assertThat(session.kvCacheBytes()).isZero();
            session.prefill(PROMPT.clone());
            assertThat(session.length()).isEqualTo(PROMPT.length);
            assertThat(session.kvCacheBytes())
                    .isEqualTo(config.kvCacheElements(PROMPT.length)
                            * model.footprint().kvCacheElementBytes());
        }
    }

    @Test
    void noTokensAreRefused() {
        try (Session session = model.newSession(OPTIONS)) {
            assertThatThrownBy(() -> session.prefill(new int[0]))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("no tokens to append");
        }
    }

    @Test
    void idsOutsideTheVocabularyAreRefusedAndNothingIsAppended() {
        try (Session session = model.newSession(OPTIONS)) {
            assertThatThrownBy(() -> session.prefill(new int[] {0, TinyModels.VOCAB_SIZE}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token id 31 at index 1 is outside the vocabulary of 31");
            assertThatThrownBy(() -> session.decode(-1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token id -1 at index 0 is outside the vocabulary of 31");
            assertThat(session.length()).isZero();
            assertThat(logits(session.prefill(PROMPT))).isDeepEqualTo(oneShot(PROMPT));
        }
    }

    @Test
    void aFullContextRefusesMoreAndKeepsWhatItHas() {
        try (Session session = model.newSession(SessionOptions.ofContext(3))) {
            session.prefill(new int[] {1, 2});
            assertThatThrownBy(() -> session.prefill(new int[] {3, 4}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("context full: 2 positions held, 2 to append, 3 at most");
            assertThat(logits(session.decode(3))[0]).isEqualTo(oneShot(new int[] {1, 2, 3})[2]);
            assertThatThrownBy(() -> session.decode(4))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("context full: 3 positions held, 1 to append, 3 at most");
        }
    }

    @Test
    void aClosedSessionRefusesEverythingAndHoldsNothing() {
        Session session = model.newSession(OPTIONS);
        session.prefill(PROMPT);
        session.close();
        session.close();
        assertThatThrownBy(() -> session.prefill(PROMPT))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the session is closed");
        assertThatThrownBy(() -> session.decode(1)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(session::reset).isInstanceOf(IllegalStateException.class);
        assertThat(session.kvCacheBytes()).isZero();
    }

    @Test
    void aCallCutShortLeavesNothingButReset() {
        boolean[] fail = {true};
        SessionOptions options = OPTIONS.withTaps((point, _) -> {
            if (fail[0] && point.toString().equals("context.1")) {
                throw new UnsupportedOperationException("listener");
            }
        });
        try (Session session = model.newSession(options)) {
            assertThatThrownBy(() -> session.prefill(PROMPT)).hasMessage("listener");
            // Layer 0 has cached the prompt, the last layer has not.
            assertThatThrownBy(() -> session.prefill(PROMPT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("an earlier call was cut short: reset the session");
            fail[0] = false;
            session.reset();
            assertThat(logits(session.prefill(PROMPT))).isDeepEqualTo(oneShot(PROMPT));
        }
    }

    /// Logits of a new session, `[T][V]`.
    private float[][] oneShot(int[] tokens) {
        try (Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            return logits(session.prefill(tokens));
        }
    }

    private static float[][] logits(Prediction prediction) {
        return ((Prediction.Logits) prediction).values();
    }
}
