package dev.assay.adapter.jlama;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.reference.ReferenceEngine;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What Jlama 0.8.4 gets right, and what it gets wrong: should a later version mend it, these tests say so.
class JlamaEngineTest {
    /// Fits every vector width.
    private static final String SIZES = """
            "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "vocab_size": 160, "max_position_embeddings": 128,
            """;

    private static final String LLAMA = "{\"model_type\": \"llama\", \"rope_theta\": 1000, " + SIZES;

    private static final String MISTRAL = "{\"model_type\": \"mistral\", " + SIZES;

    private static final String GPT2 = """
            {"model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 2, "n_positions": 64, "vocab_size": 160}
            """;

    /// Past the window of 8 and the original context of 16 below.
    private static final int[] TOKENS =
            IntStream.range(0, 33).map(t -> 37 * t % 160).toArray();

    @ParameterizedTest
    @ValueSource(
            strings = {
                LLAMA + "\"tie_word_embeddings\": true}",
                LLAMA + "\"tie_word_embeddings\": false}",
                LLAMA + "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 4.0}}",
                MISTRAL + "\"sliding_window\": 64}",
                GPT2
            })
    void computesWhatTheReferenceDoes(String json) {
        assertThat(difference(json)).isLessThan(1e-5);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                LLAMA + "\"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8.0, \"low_freq_factor\": 1.0, "
                        + "\"high_freq_factor\": 4.0, \"original_max_position_embeddings\": 16}}",
                LLAMA + "\"head_dim\": 32}",
                LLAMA + "\"attention_bias\": true}",
                LLAMA + "\"mlp_bias\": true}",
                MISTRAL + "\"sliding_window\": 8}"
            })
    void ignoresWithoutAWord(String json) {
        assertThat(difference(json)).isGreaterThan(0.01);
    }

    @Test
    void chunksAreThePartsOfTheWhole() {
        ModelConfig config = ModelConfig.parse(LLAMA + "\"rope_scaling\": null}", "test");
        try (Checkpoint checkpoint = weights(config);
                Model model = new JlamaEngine().load(checkpoint, LoadOptions.defaults());
                Session whole = model.newSession(SessionOptions.ofContext(TOKENS.length));
                Session parts = model.newSession(
                        SessionOptions.ofContext(TOKENS.length).withLogits(LogitsScope.LAST_POSITION))) {
            float[][] all = logits(whole.prefill(TOKENS)); // [T][V]
            parts.prefill(TOKENS);
            parts.reset();
            for (int t = 0; t < TOKENS.length; t++) {
                assertThat(logits(parts.decode(TOKENS[t]))[0])
                        .usingComparatorWithPrecision(1e-3f)
                        .containsExactly(all[t]);
            }
            assertThat(parts.length()).isEqualTo(TOKENS.length);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"{\"model_type\": \"gpt2\", \"n_embd\": 54, \"n_head\": 6}", "{\"model_type\": \"qwen3\"}"})
    void declinesWhatItCannotRun(String json) {
        assertThat(new JlamaEngine().supports(ModelConfig.parse(json, "test")))
                .isInstanceOfSatisfying(
                        Support.Unsupported.class, no -> assertThat(no.reason()).startsWith("Jlama"));
    }

    /// The root of the mean square difference of all logits, in standard deviations of the reference's.
    private static double difference(String json) {
        ModelConfig config = ModelConfig.parse(json, "test");
        assertThat(new JlamaEngine().supports(config)).isInstanceOf(Support.Supported.class);
        float[][] expected = logits(new ReferenceEngine(), config); // [T][V]
        float[][] found = logits(new JlamaEngine(), config); // [T][V]
        double error = 0;
        double sum = 0;
        double squares = 0;
        int count = 0;
        for (int t = 0; t < expected.length; t++) {
            for (int v = 0; v < expected[t].length; v++) {
                error += Math.pow(found[t][v] - expected[t][v], 2);
                sum += expected[t][v];
                squares += Math.pow(expected[t][v], 2);
                count++;
            }
        }
        return Math.sqrt(error / (squares - sum * sum / count));
    }

    private static float[][] logits(Engine engine, ModelConfig config) {
        try (Checkpoint checkpoint = weights(config);
                Model model = engine.load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(TOKENS.length))) {
            return logits(session.prefill(TOKENS));
        }
    }

    private static float[][] logits(Prediction prediction) {
        return ((Prediction.Logits) prediction).values();
    }

    private static Checkpoint weights(ModelConfig config) {
        return SyntheticWeights.forShape(config, ElementType.BF16, 11).checkpoint(config);
    }
}
