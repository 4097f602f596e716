package dev.assay.plan.planner;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.ModelConfig;
import dev.assay.config.RopeParameters;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.MixtureOfExperts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Switches that no published model has, on the configurations of golden cases: cards do not show them.
class PlannersTest {
    @Test
    void scoresOfGpt2AreDividedByTheLayerIfAsked() throws IOException {
        // Heads of 9, 9 and 18 elements.
        assertThat(scales("gpt2-base")).containsExactly(1 / 3.0, 1 / 3.0, 1 / 3.0);
        assertThat(scales("gpt2-unscaled-f16")).containsExactly(1, 1);
        double width = Math.sqrt(18);
        assertThat(scales("gpt2-untied-full-context")).containsExactly(1 / width, 1 / (2 * width), 1 / (3 * width));
    }

    private static double[] scales(String id) throws IOException {
        return Planners.plan(ModelConfig.parse(json(id), id)).layers().stream()
                .mapToDouble(layer -> ((GroupedQueryAttention) layer.mixer()).scale())
                .toArray();
    }

    @Test
    void everyThirdLayerOfQwen3MoeHasExpertsCountedFromOne() throws IOException {
        String json = json("qwen3-moe-sparse-step").replace("\"decoder_sparse_step\": 2", "\"decoder_sparse_step\": 3");
        DecoderPlan plan = Planners.plan(ModelConfig.parse(json, "every third layer"));
        List<Integer> sparse = IntStream.range(0, plan.layers().size())
                .filter(layer -> plan.layers().get(layer).feedForward() instanceof MixtureOfExperts)
                .boxed()
                .toList();
        assertThat(sparse).as("of 6 layers").containsExactly(2, 5);
    }

    @Test
    void scoresOfLatentAttentionAreMagnifiedByYarnOnly() {
        for (RopeParameters rope : List.of(
                new RopeParameters.Default(10_000),
                new RopeParameters.Linear(10_000, 4),
                new RopeParameters.Llama3(10_000, 4, 1, 4, 64))) {
            assertThat(LatentParts.scale(rope, 12, 4)).isEqualTo(0.25);
        }
    }

    private static String json(String id) throws IOException {
        return Files.readString(Path.of("..", "golden-outputs", "cases", id, "config.json"));
    }
}
