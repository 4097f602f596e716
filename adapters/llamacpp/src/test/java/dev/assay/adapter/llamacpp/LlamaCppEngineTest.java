package dev.assay.adapter.llamacpp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
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
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LlamaCppEngineTest {
    private static final GoldenCase LLAMA_3 = Goldens.bundled("llama3-no-head-dim");

    private final LlamaCppEngine engine = new LlamaCppEngine();

    @Test
    void isFoundByItsId() {
        assertThat(ServiceLoader.load(Engine.class).stream()
                        .map(provider -> provider.get().info().id()))
                .contains("llamacpp");
    }

    @Test
    void whatGgufCannotSayIsUnsupported() {
        assertThat(engine.supports(Goldens.configOf("mistral-window")))
                .isEqualTo(new Support.Unsupported(
                        "not expressible in GGUF: sliding_window: the architecture llama has none"));
    }

    @Test
    void aTypeThatGgufLacksIsUnsupported() {
        assertThat(new LlamaCppEngine(MatrixType.of("Q4_2")).supports(LLAMA_3.config()))
                .isEqualTo(new Support.Unsupported(
                        "ASSAY_LLAMACPP_TYPE: expected one of F32, F16, BF16, Q8_0, found Q4_2"));
    }

    /// Each matrix product rounds activations to 8 bits: more than float32 loses, less than a wrong scale would.
    @Test
    void blocksOf8BitsAreReadAsTheyWereWritten() {
        GoldenCase golden = Goldens.bundled("llama3-q8");
        double[][] expected = golden.longestPrompt().logits(); // [T][V]
        try (Checkpoint checkpoint = golden.weights().open();
                Model model = new LlamaCppEngine(MatrixType.of("Q8_0")).load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(
                        SessionOptions.ofContext(golden.longestPrompt().tokens().length))) {
            float[][] found =
                    ((Prediction.Logits) session.prefill(golden.longestPrompt().tokens())).values(); // [T][V]
            double error = 0;
            double squares = 0;
            for (int t = 0; t < expected.length; t++) {
                for (int v = 0; v < expected[t].length; v++) {
                    error += Math.pow(found[t][v] - expected[t][v], 2);
                    squares += Math.pow(expected[t][v], 2);
                }
            }
            assertThat(Math.sqrt(error / squares)).isBetween(1e-4, 0.05);
        }
    }

    @Test
    void aCacheOfBfloat16IsRefused() {
        try (Checkpoint checkpoint = LLAMA_3.weights().open()) {
            assertThatThrownBy(() -> engine.load(checkpoint, new LoadOptions(1, KvCacheType.BFLOAT16)))
                    .isInstanceOf(UnsupportedModelException.class)
                    .hasMessageContaining("float32 cache only");
        }
    }

    @Test
    void leavesNoTemporaryFiles() throws IOException {
        List<Path> before = temporary();
        try (Checkpoint checkpoint = LLAMA_3.weights().open();
                Model model = engine.load(checkpoint, LoadOptions.defaults())) {
            assertThat(model.execution().decisions()).anyMatch(decision -> decision.startsWith("llama.cpp "));
            assertThat(temporary()).isSubsetOf(before);
        }
    }

    private static List<Path> temporary() throws IOException {
        try (Stream<Path> files = Files.list(Path.of(System.getProperty("java.io.tmpdir")))) {
            return files.filter(file -> file.getFileName().toString().startsWith("assay-llamacpp-"))
                    .toList();
        }
    }

    @Test
    void aSessionKeepsItsContract() {
        try (Checkpoint checkpoint = LLAMA_3.weights().open();
                Model model = engine.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(3).withLogits(LogitsScope.LAST_POSITION))) {
            assertThatThrownBy(() -> session.prefill(new int[0])).hasMessage("no tokens to append");
            assertThatThrownBy(() -> session.prefill(new int[] {0, 163}))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("token 163: expected 0 to 162");
            assertThat(session.length()).isZero();

            Prediction.Logits last = (Prediction.Logits) session.prefill(new int[] {5, 7});
            assertThat(last.values()).hasDimensions(1, 163);
            assertThat(session.length()).isEqualTo(2);
            Prediction.Logits next = (Prediction.Logits) session.decode(9);
            assertThatThrownBy(() -> session.decode(1))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("context full: 3 positions held, 1 to append, 3 at most");
            assertThatThrownBy(session::kvCacheBytes).isInstanceOf(UnsupportedOperationException.class);

            session.reset();
            assertThat(session.length()).isZero();
            assertThat(((Prediction.Logits) session.prefill(new int[] {5, 7, 9})).values()[0])
                    .usingComparatorWithPrecision(1e-4f)
                    .containsExactly(next.values()[0]);
        }
    }

    @Test
    void aClosedSessionTakesNoTokens() {
        try (Checkpoint checkpoint = LLAMA_3.weights().open();
                Model model = engine.load(checkpoint, LoadOptions.defaults())) {
            Session session = model.newSession(SessionOptions.ofContext(3));
            session.close();
            session.close();

            assertThatThrownBy(() -> session.decode(1))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the session is closed");
        }
    }
}
