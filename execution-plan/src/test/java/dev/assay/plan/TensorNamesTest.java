package dev.assay.plan;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.CheckpointLayout;
import dev.assay.checkpoint.TensorSpec;
import dev.assay.config.ModelConfig;
import dev.assay.plan.cost.KvCacheCount;
import dev.assay.plan.planner.Planners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Plans read the tensors that checkpoints hold: the same names and shapes, none more and none less.
class TensorNamesTest {
    static List<String> planned() {
        return Published.planned();
    }

    /// Small models with every switch of their families on.
    static List<Path> cases() throws IOException {
        try (var folders = Files.list(Path.of("..", "golden-outputs", "cases"))) {
            return folders.filter(Files::isDirectory).sorted().toList();
        }
    }

    @ParameterizedTest
    @MethodSource("planned")
    void planReadsTheTensorsOfTheCheckpoint(String model) {
        assertReadsWhatIsHeld(Published.config(model));
    }

    @ParameterizedTest
    @MethodSource("cases")
    void goldenCaseIsPlanned(Path folder) {
        ModelConfig config = ModelConfig.read(folder.resolve("config.json"));
        assertReadsWhatIsHeld(config);
        KvCacheCount cache = KvCacheCount.of(Planners.plan(config));
        for (int positions = 0; positions < 60; positions++) {
            assertThat(cache.live(positions))
                    .as("%d positions", positions)
                    .isEqualTo(config.kvCacheElements(positions));
        }
    }

    private static void assertReadsWhatIsHeld(ModelConfig config) {
        Map<String, List<Integer>> read = new HashMap<>();
        for (PlanWeights.Use use : PlanWeights.of(Planners.plan(config))) {
            List<Integer> shape = use.ref().storedShape();
            assertThat(read.merge(use.name(), shape, (first, _) -> first)).isEqualTo(shape);
        }
        Map<String, List<Integer>> held = new HashMap<>();
        for (TensorSpec tensor : CheckpointLayout.of(config)) {
            held.put(tensor.name(), tensor.shape());
        }
        // Not by AssertJ's comparisons of collections, which are quadratic: Kimi K2 has 69,000 tensors.
        assertThat(read.equals(held)).as(() -> differences(read, held)).isTrue();
    }

    private static String differences(Map<String, List<Integer>> read, Map<String, List<Integer>> held) {
        Map<String, String> differences = new TreeMap<>();
        read.forEach((name, shape) -> differences.put(name, "read " + shape + ", held " + held.get(name)));
        held.forEach((name, shape) -> differences.put(name, "read " + read.get(name) + ", held " + shape));
        differences.keySet().removeIf(name -> Objects.equals(read.get(name), held.get(name)));
        return differences.size() + " tensors differ: "
                + differences.entrySet().stream().limit(10).toList();
    }
}
