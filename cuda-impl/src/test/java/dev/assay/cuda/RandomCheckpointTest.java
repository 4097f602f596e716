package dev.assay.cuda;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.checkpoint.Tensor;
import dev.assay.config.ModelConfig;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.vector.VectorEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Logits that are compared on these weights say something of the whole model.
class RandomCheckpointTest {
    private static String json(String id) throws IOException {
        return Files.readString(Path.of("../golden-outputs/cases", id, "config.json"));
    }

    private static float[][] logits(String json) {
        int[] tokens = IntStream.range(0, 24).map(t -> (t * 31 + 5) % 160).toArray();
        try (Checkpoint checkpoint = new RandomCheckpoint(ModelConfig.parse(json, "test"));
                Model model = new VectorEngine().load(checkpoint, LoadOptions.defaults());
                Session session = model.newSession(SessionOptions.ofContext(tokens.length))) {
            return ((Prediction.Logits) session.prefill(tokens)).values();
        }
    }

    /// Where attention hardly counts, rotating by other angles changes nothing; so of the choice of experts.
    /// Errors that are looked for are of the order of 1e-6.
    @ParameterizedTest
    @CsvSource({
        "qwen3-base, \"rope_theta\": 10000, \"rope_theta\": 500",
        "deepseek-v3-base, \"rope_theta\": 100, \"rope_theta\": 500",
        "qwen3-moe-base, \"num_experts_per_tok\": 3, \"num_experts_per_tok\": 2"
    })
    void everyPartOfAModelMatters(String id, String setting, String other) throws IOException {
        String json = json(id);
        assertThat(json).contains(setting);

        Agreement.Distance distance = Agreement.Distance.of(logits(json), logits(json.replace(setting, other)));

        assertThat(distance.rms()).isGreaterThan(0.01);
    }

    @Test
    void tensorsDifferAndGainsAreAroundOne() throws IOException {
        try (Checkpoint checkpoint = new RandomCheckpoint(ModelConfig.parse(json("qwen3-base"), "test"))) {
            float[] first = checkpoint
                    .tensor("model.layers.0.mlp.gate_proj.weight", 76, 52)
                    .row(0);
            assertThat(checkpoint
                            .tensor("model.layers.0.mlp.up_proj.weight", 76, 52)
                            .row(0))
                    .isNotEqualTo(first);
            assertThat(checkpoint
                            .tensor("model.layers.1.mlp.gate_proj.weight", 76, 52)
                            .row(0))
                    .isNotEqualTo(first);
            assertThat(checkpoint.tensor("model.norm.weight", 52).toVector())
                    .usingComparatorWithPrecision(0.4f)
                    .containsOnly(1);
        }
    }

    /// A row that comes again gives two tokens the same logit, of which two engines may choose either.
    @Test
    void noRowComesAgainAfterAPowerOfTwo() throws IOException {
        String json = json("qwen3-base")
                .replace("\"vocab_size\": 163", "\"vocab_size\": 70000")
                .replace("\"hidden_size\": 52", "\"hidden_size\": 64");
        try (Checkpoint checkpoint = new RandomCheckpoint(ModelConfig.parse(json, "test"))) {
            Tensor embedding = checkpoint.tensor("model.embed_tokens.weight", 70_000, 64);
            float[] row = embedding.row(0);
            for (int other = 1; other < 70_000; other *= 2) {
                assertThat(embedding.row(other)).as("row %d", other).isNotEqualTo(row);
            }
        }
    }

    @Test
    void refusesTensorsThatTheModelDoesNotHave() throws IOException {
        try (Checkpoint checkpoint = new RandomCheckpoint(ModelConfig.parse(json("qwen3-base"), "test"))) {
            assertThatThrownBy(() -> checkpoint.tensor("model.norm.weight", 51))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage("random weights: model.norm.weight: expected [51], found [52]");
            assertThatThrownBy(() -> checkpoint.tensor("model.norm.bias", 52))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessage("random weights: model.norm.bias: expected [52], found no such tensor");
        }
    }
}
