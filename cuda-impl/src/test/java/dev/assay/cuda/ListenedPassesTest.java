package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.ModelConfig;
import dev.assay.cuda.driver.Images;
import dev.assay.cuda.stage.Activations;
import dev.assay.cuda.stage.DenseProducts;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import dev.assay.plan.planner.Planners;
import java.io.IOException;
import java.util.Arrays;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Passes of many tokens that nobody listens to take other kernels, which give the same bits: so what the golden cases
/// say of the former holds for the latter.
class ListenedPassesTest {
    private static final TapListener LISTENS = new TapListener() {
        @Override
        public void on(TapPoint point, float[][] values) {
            // That it is called is enough.
        }
    };

    @BeforeAll
    static void useTheFakeDriver() {
        FakeDriver.use();
    }

    /// @param tokens enough for tiles, or not
    @ParameterizedTest
    @CsvSource({
        "qwen3-base, FLOAT32, OWN, 40",
        "qwen3-base, FLOAT32, OWN, 12",
        "qwen3-base, BFLOAT16, OWN, 40",
        "qwen3-moe-base, FLOAT32, OWN, 40",
        "qwen3-moe-base, BFLOAT16, OWN, 40",
        "qwen3-moe-base, BFLOAT16, OWN, 12",
        "gemma3-base, FLOAT32, OWN, 40",
        "gemma3n-base, FLOAT32, OWN, 40",
        "llama4-scout, FLOAT32, OWN, 40",
        "olmo2-gqa, FLOAT32, OWN, 40",
        "gpt2-base, FLOAT32, OWN, 40",
        "deepseek-v3-base, FLOAT32, OWN, 40",
        "deepseek-v3-base, BFLOAT16, OWN, 40",
        "qwen3-base, FLOAT32, CUBLAS, 40",
        "qwen3-base, BFLOAT16, CUBLAS, 40",
        "gpt2-base, FLOAT32, CUBLAS, 40"
    })
    void giveTheBitsOfThoseThatNobodyListensTo(String id, Activations activations, DenseProducts products, int tokens)
            throws IOException {
        ModelConfig config = EvenShapes.config(id);
        int vocabulary = Planners.plan(config).vocabSize();
        int[] prompt = new int[tokens];
        Arrays.setAll(prompt, t -> (t * 37 + 11) % vocabulary);
        try (RandomCheckpoint checkpoint = new RandomCheckpoint(config);
                Model model = new CudaEngine(activations, products, Images.CUBIN)
                        .load(checkpoint, new LoadOptions(1, KvCacheType.FLOAT32))) {
            float[][] expected = logits(model, prompt, LISTENS);

            assertThat(logits(model, prompt, TapListener.NONE)).isDeepEqualTo(expected);
        }
    }

    private static float[][] logits(Model model, int[] prompt, TapListener taps) {
        SessionOptions options =
                new SessionOptions(prompt.length, LogitsScope.ALL_POSITIONS, taps, ResultLifetime.UNTIL_NEXT_CALL);
        try (Session session = model.newSession(options)) {
            return ((Prediction.Logits) session.prefill(prompt)).values();
        }
    }
}
