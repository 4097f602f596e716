package dev.assay.adapter.onnxruntime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Capability;
import dev.assay.engine.Engine;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.golden.Goldens;
import dev.assay.golden.PublishedModel;
import java.util.ServiceLoader;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/// The contract of the engine interface, on one small model.
class OnnxRuntimeEngineTest {
    private static final OnnxRuntimeEngine ENGINE = new OnnxRuntimeEngine();
    private static final ModelConfig CONFIG = Goldens.configOf("qwen3-base");
    private static final int[] TOKENS = {3, 1, 4, 1, 5};

    private static Checkpoint checkpoint;
    private static Model model;

    @BeforeAll
    static void load() {
        checkpoint = SyntheticWeights.forShape(CONFIG, ElementType.F16, 7).checkpoint(CONFIG);
        model = ENGINE.load(checkpoint, LoadOptions.ofThreads(2));
    }

    @AfterAll
    static void close() {
        model.close();
        model.close();
        checkpoint.close();
    }

    @Test
    void isFoundUnderItsId() {
        assertThat(ServiceLoader.load(Engine.class).stream().map(ServiceLoader.Provider::get))
                .extracting(engine -> engine.info().id())
                .containsExactly("onnxruntime");
    }

    @Test
    void theVersionIsThatOfTheLibrary() {
        assertThat(ENGINE.info().version()).matches("1\\.[0-9]+\\.[0-9]+");
    }

    @Test
    void aConfigurationWithoutAGraphIsUnsupported() {
        PublishedModel published = PublishedModel.all().stream()
                .filter(model -> model.name().equals("qwen3-0.6b"))
                .findFirst()
                .orElseThrow();
        ModelConfig other = ModelConfig.parse(published.configJson(), published.name());

        assertThat(ENGINE.supports(other))
                .isInstanceOfSatisfying(
                        Support.Unsupported.class,
                        unsupported -> assertThat(unsupported.reason())
                                .startsWith("no exported graph for this configuration of Qwen3;"));
    }

    @Test
    void aConfigurationWithAGraphRunsWithFullLogitsAndNoCache() {
        assertThat(ENGINE.supports(CONFIG))
                .isInstanceOfSatisfying(
                        Support.Supported.class,
                        supported -> assertThat(supported.capabilities())
                                .contains(Capability.FULL_LOGITS)
                                .doesNotContain(Capability.KV_CACHE_BYTES));
        assertThat(model.execution().threads()).isEqualTo(2);
        assertThat(model.execution().decisions()).anyMatch(decision -> decision.contains("no KV cache"));
        assertThat(model.footprint().weightBytes())
                .isEqualTo(Float.BYTES
                        * checkpoint.tensors().stream()
                                .mapToLong(info -> info.elements())
                                .sum());
    }

    @Test
    void aCacheOfAnotherTypeIsRefused() {
        LoadOptions options = new LoadOptions(1, KvCacheType.BFLOAT16);

        assertThatThrownBy(() -> ENGINE.load(checkpoint, options))
                .isInstanceOf(UnsupportedModelException.class)
                .hasMessageContaining("BFLOAT16");
    }

    @Test
    void weightsThatTheGraphHasNoPlaceForAreRefused() {
        Graph other = Graphs.bundled().of(Goldens.configOf("gpt2-base")).orElseThrow();

        assertThatThrownBy(() -> OnnxModel.load(other, checkpoint, LoadOptions.defaults()))
                .isInstanceOf(OnnxRuntimeException.class)
                .hasMessageStartingWith("ONNX Runtime, loading the graph of gpt2-base: ")
                .hasMessageContaining("model.");
    }

    @Test
    void theLastPositionIsTheLastOfAllPositions() {
        SessionOptions options = SessionOptions.ofContext(TOKENS.length);
        try (Session all = model.newSession(options);
                Session last = model.newSession(options.withLogits(LogitsScope.LAST_POSITION))) {
            float[][] rows = logits(all.prefill(TOKENS));
            float[][] row = logits(last.prefill(TOKENS));

            assertThat(rows).hasNumberOfRows(TOKENS.length);
            assertThat(row).hasNumberOfRows(1);
            assertThat(row[0]).hasSize(CONFIG.vocabSize()).isEqualTo(rows[TOKENS.length - 1]);
        }
    }

    @Test
    void aTokenOutsideTheVocabularyIsRefusedAndNotAppended() {
        try (Session session = model.newSession(SessionOptions.ofContext(8))) {
            assertThatThrownBy(() -> session.prefill(new int[] {0, CONFIG.vocabSize()}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token id %d at index 1 is outside the vocabulary of %d"
                            .formatted(CONFIG.vocabSize(), CONFIG.vocabSize()));
            assertThatThrownBy(() -> session.decode(-1)).isInstanceOf(IllegalArgumentException.class);
            assertThatThrownBy(() -> session.prefill(new int[0])).isInstanceOf(IllegalArgumentException.class);
            assertThat(session.length()).isZero();
        }
    }

    @Test
    void theContextEnds() {
        try (Session session = model.newSession(SessionOptions.ofContext(TOKENS.length))) {
            session.prefill(TOKENS);
            assertThatThrownBy(() -> session.decode(1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("context full: 5 positions held, 1 to append, 5 at most");
            session.reset();
            assertThat(session.length()).isZero();
            session.decode(1);
            assertThat(session.length()).isEqualTo(1);
        }
    }

    @Test
    void aClosedSessionAndAClosedModelAreRefused() {
        Session session = model.newSession(SessionOptions.ofContext(4));
        session.close();
        assertThatThrownBy(() -> session.decode(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the session is closed");

        Model other = ENGINE.load(checkpoint, LoadOptions.defaults());
        Session orphan = other.newSession(SessionOptions.ofContext(4));
        other.close();
        assertThatThrownBy(() -> orphan.decode(1))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("the model is closed");
    }

    private static float[][] logits(Prediction prediction) {
        return ((Prediction.Logits) prediction).values();
    }
}
