package dev.assay.plan;

import dev.assay.config.ModelConfig;
import dev.assay.plan.planner.Planners;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The published configurations and figures that stand in `golden-outputs/facts`.
public final class Published {
    /// Tests run in the folder of their module.
    private static final Path FACTS = Path.of("..", "golden-outputs", "facts");

    private static final JsonNode ALL = json(FACTS.resolve("facts.json"));

    private static final JsonNode ROPE = json(FACTS.resolve("rope.json"));

    private Published() {}

    /// Models of families that have a plan.
    public static List<String> planned() {
        return models().filter(model -> !ALL.get(model).has("facts_only")).toList();
    }

    /// Models of which only figures are listed.
    public static List<String> factsOnly() {
        return models().filter(model -> ALL.get(model).has("facts_only")).toList();
    }

    private static Stream<String> models() {
        return ALL.propertyNames().stream();
    }

    /// Figures of a model.
    public static JsonNode facts(String model) {
        return ALL.get(model);
    }

    /// Rotary buffers of a model, by layer type where that matters.
    public static JsonNode rope(String model) {
        return ROPE.get(model);
    }

    public static ModelConfig config(String model) {
        return ModelConfig.read(FACTS.resolve("configs").resolve(model + ".json"));
    }

    public static DecoderPlan plan(String model) {
        return Planners.plan(config(model));
    }

    private static JsonNode json(Path file) {
        try {
            return new JsonMapper().readTree(Files.readString(file));
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }
}
