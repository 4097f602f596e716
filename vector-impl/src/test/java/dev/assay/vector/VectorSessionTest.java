package dev.assay.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.golden.Goldens;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class VectorSessionTest {
    private static final VectorEngine ENGINE = new VectorEngine();

    private static ModelConfig config(String caseId) {
        return Goldens.bundled(caseId).config();
    }

    private static Checkpoint checkpoint(ModelConfig config) {
        return SyntheticWeights.forShape(config, ElementType.BF16, 3).checkpoint(config);
    }

    private static float[] last(Prediction prediction) {
        return ((Prediction.Logits) prediction).last();
    }

    @Test
    void refusesMoreThreadsThanProcessors() {
        int processors = Runtime.getRuntime().availableProcessors();
        try (Checkpoint checkpoint = checkpoint(config("qwen3-base"))) {
            assertThatThrownBy(() -> ENGINE.load(checkpoint, LoadOptions.ofThreads(processors + 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("threads: found " + (processors + 1) + ", expected at most " + processors
                            + ", the processors here");
        }
    }

    @Test
    void refusesAContextThatTheHeapCannotHold() {
        try (Checkpoint checkpoint = checkpoint(config("qwen3-base"));
                Model model = ENGINE.load(checkpoint, LoadOptions.defaults())) {
            assertThatThrownBy(() -> model.newSession(SessionOptions.ofContext(2_000_000_000)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("2000000000 positions")
                    .hasMessageContaining("-Xmx");
        }
    }

    @Test
    void refusesATypeWithoutAKernel() {
        String name = "model.layers.0.mlp.up_proj.weight";
        try (Checkpoint checkpoint = checkpoint(config("qwen3-base"));
                Checkpoint doubles = new WithDoubles(checkpoint, name)) {
            assertThatThrownBy(() -> ENGINE.load(doubles, LoadOptions.defaults()))
                    .isInstanceOf(UnsupportedModelException.class)
                    .hasMessageContaining(name)
                    .hasMessageContaining("F64");
        }
    }

    /// A checkpoint of which one tensor is F64.
    private record WithDoubles(Checkpoint rest, String name) implements Checkpoint {
        @Override
        public ModelConfig config() {
            return rest.config();
        }

        @Override
        public String source() {
            return rest.source();
        }

        @Override
        public List<TensorInfo> tensors() {
            return rest.tensors();
        }

        @Override
        public boolean contains(String tensor) {
            return rest.contains(tensor);
        }

        @Override
        public Tensor tensor(String wanted, int... shape) {
            Tensor tensor = rest.tensor(wanted, shape);
            if (!wanted.equals(name)) {
                return tensor;
            }
            double[] zeros = new double[Math.toIntExact(tensor.info().elements())];
            TensorInfo info =
                    new TensorInfo(name, ElementType.F64, tensor.info().shape());
            return new Tensor(info, MemorySegment.ofArray(zeros), null);
        }

        @Override
        public List<SkippedTensor> skipped() {
            return rest.skipped();
        }

        @Override
        public void close() {}
    }

    @Test
    void refusesUseAfterCloseAndByAnotherThread() throws InterruptedException {
        try (Checkpoint checkpoint = checkpoint(config("qwen3-base"))) {
            Model model = ENGINE.load(checkpoint, LoadOptions.defaults());
            Session session = model.newSession(SessionOptions.ofContext(4));
            session.decode(1);
            AtomicReference<Throwable> thrown = new AtomicReference<>();
            Thread other = new Thread(
                    () -> {
                        try {
                            session.decode(1);
                        } catch (IllegalStateException e) {
                            thrown.set(e);
                        }
                    },
                    "another");
            other.start();
            other.join();
            assertThat(thrown.get()).hasMessageContaining("called from another");
            session.close();
            session.close();
            assertThatThrownBy(() -> session.decode(1)).hasMessage("the session is closed");
            model.close();
            assertThatThrownBy(() -> model.newSession(SessionOptions.ofContext(4)))
                    .hasMessage("the model is closed");
        }
    }

    @Test
    void refusesTokensBeyondContextAndVocabulary() {
        ModelConfig config = config("qwen3-base");
        try (Checkpoint checkpoint = checkpoint(config);
                Model model = ENGINE.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(3))) {
            assertThatThrownBy(() -> session.prefill(new int[0])).hasMessage("no tokens to append");
            assertThatThrownBy(() -> session.prefill(new int[] {0, config.vocabSize()}))
                    .hasMessageContaining("token id " + config.vocabSize() + " at index 1");
            assertThatThrownBy(() -> session.decode(-1)).isInstanceOf(IllegalArgumentException.class);
            session.prefill(new int[] {1, 2});
            assertThatThrownBy(() -> session.prefill(new int[] {1, 2}))
                    .hasMessage("context full: 2 positions held, 2 to append, 3 at most");
            assertThat(session.length()).isEqualTo(2);
            session.decode(3);
        }
    }

    @Test
    void resultsStayUnlessTheCallerSaysOtherwise() {
        try (Checkpoint checkpoint = checkpoint(config("qwen3-base"));
                Model model = ENGINE.load(checkpoint, LoadOptions.defaults());
                Session kept = model.newSession(SessionOptions.ofContext(4));
                Session reused =
                        model.newSession(SessionOptions.ofContext(4).withResults(ResultLifetime.UNTIL_NEXT_CALL))) {
            Prediction first = kept.decode(1);
            float[] copy = last(first).clone();
            kept.decode(2);
            assertThat(last(first)).isEqualTo(copy);
            assertThat(last(reused.decode(1))).isEqualTo(copy);
            assertThat(reused.decode(2)).isSameAs(reused.decode(3));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"qwen3-base", "deepseek-v3-base", "gemma3n-base", "llama4-scout", "gpt2-base"})
    void lastPositionIsTheLastRowOfAllPositions(String caseId) {
        ModelConfig config = config(caseId);
        int[] tokens = {1, 5, 2, 7, 3, 9, 4};
        try (Checkpoint checkpoint = checkpoint(config);
                Model model = ENGINE.load(checkpoint, LoadOptions.defaults());
                Session all = model.newSession(SessionOptions.ofContext(7));
                Session one = model.newSession(SessionOptions.ofContext(7).withLogits(LogitsScope.LAST_POSITION))) {
            float[] expected = last(all.prefill(tokens));
            float[][] actual = ((Prediction.Logits) one.prefill(tokens)).values();
            assertThat(actual).hasNumberOfRows(1);
            for (int v = 0; v < expected.length; v++) {
                // A matrix times a vector and a matrix times a matrix add up in different orders.
                assertThat(actual[0][v]).isCloseTo(expected[v], org.assertj.core.api.Assertions.within(1e-5f));
            }
        }
    }

    /// A cache of bfloat16 holds half the bytes. Its numbers are off by up to 2⁻⁹, so logits must differ, but by
    /// less than a few times that of their spread, which is about 1.
    @ParameterizedTest
    @ValueSource(strings = {"qwen3-base", "deepseek-v3-base", "gemma3-base", "gemma3n-base"})
    void aCacheOfBfloat16HoldsHalfTheBytes(String caseId) {
        ModelConfig config = config(caseId);
        int[] tokens = new int[40];
        for (int t = 0; t < tokens.length; t++) {
            tokens[t] = (t * t + 3) % 29;
        }
        try (Checkpoint checkpoint = checkpoint(config);
                Model exact = ENGINE.load(checkpoint, LoadOptions.defaults());
                Model rounded = ENGINE.load(checkpoint, new LoadOptions(1, KvCacheType.BFLOAT16));
                Session wide = exact.newSession(SessionOptions.ofContext(41));
                Session narrow = rounded.newSession(SessionOptions.ofContext(41));
                Session stepwise = rounded.newSession(SessionOptions.ofContext(41))) {
            float[] expected = last(wide.prefill(tokens));
            float[] actual = last(narrow.prefill(tokens));
            float[] oneByOne = actual;
            for (int token : tokens) {
                oneByOne = last(stepwise.decode(token));
            }
            assertThat(narrow.kvCacheBytes()).isEqualTo(wide.kvCacheBytes() / 2);
            assertThat(rounded.footprint().kvCacheElementBytes()).isEqualTo(2);
            double squares = 0;
            double scale = 0;
            double between = 0;
            for (int v = 0; v < expected.length; v++) {
                squares += Math.pow((double) actual[v] - expected[v], 2);
                between += Math.pow((double) actual[v] - oneByOne[v], 2);
                scale += Math.pow(expected[v], 2);
            }
            assertThat(Math.sqrt(squares / scale)).isBetween(1e-5, 0.05);
            // Both ways cache the same rounded numbers but for those that a float32's last bit rounds the other way.
            assertThat(Math.sqrt(between / scale)).isLessThan(0.01);
        }
    }
}
