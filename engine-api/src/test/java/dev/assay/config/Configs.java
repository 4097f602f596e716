package dev.assay.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.reflect.RecordComponent;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.core.json.JsonWriteFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Configuration files for the tests, and means to change them.
final class Configs {
    /// Reads and writes Infinity and NaN, as Python does.
    static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .disable(JsonWriteFeature.WRITE_NAN_AS_STRINGS)
            .build();

    private Configs() {}

    /// The published file of a model.
    static String published(String model) {
        return resource("published/" + model + ".json");
    }

    /// The shortest file of a `model_type`.
    static String minimal(String modelType) {
        String rest = switch (modelType) {
            // HF's class has no default for it.
            case "deepseek_v2" -> ", \"num_experts_per_tok\": 6";
            case "gemma3", "gemma3n", "llama4", "mistral3" -> ", \"text_config\": {}";
            default -> "";
        };
        return "{\"model_type\": \"" + modelType + "\"" + rest + "}";
    }

    /// What HF makes of each published file, and of the shortest file of each `model_type`.
    static ObjectNode expected() {
        return (ObjectNode) JSON.readTree(resource("expected.json"));
    }

    static String resource(String name) {
        try (InputStream in = Configs.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new AssertionError(name + ": no such test resource");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException failed) {
            throw new UncheckedIOException(failed);
        }
    }

    /// A file with one value replaced or added.
    ///
    /// @param path keys down to the value, separated by full stops
    /// @param value JSON, or `absent` to remove the key
    static String with(String file, String path, String value) {
        ObjectNode root = (ObjectNode) JSON.readTree(file);
        List<String> keys = Arrays.asList(path.split("\\.", -1));
        ObjectNode place = root;
        for (String key : keys.subList(0, keys.size() - 1)) {
            place = (ObjectNode) place.get(key);
        }
        if (value.equals("absent")) {
            place.remove(keys.getLast());
        } else {
            place.set(keys.getLast(), JSON.readTree(value));
        }
        return JSON.writeValueAsString(root);
    }

    static ModelConfig parse(String json) {
        return ModelConfig.parse(json, "test.json");
    }

    /// A record as the tree that `expected.json` has for it: components by name, the kinds of nested records by
    /// `type`.
    static JsonNode tree(ModelConfig config) {
        ObjectNode tree = JSON.createObjectNode();
        tree.put("record", config.getClass().getSimpleName());
        tree.put("architecture", config.architecture().name());
        return components(tree, (Record) config);
    }

    private static ObjectNode components(ObjectNode tree, Record values) {
        for (RecordComponent component : values.getClass().getRecordComponents()) {
            Object value;
            try {
                value = component.getAccessor().invoke(values);
            } catch (ReflectiveOperationException impossible) {
                throw new LinkageError(component.getName(), impossible);
            }
            tree.set(component.getName(), node(value));
        }
        return tree;
    }

    private static JsonNode node(@Nullable Object value) {
        return switch (value) {
            case null -> JSON.getNodeFactory().nullNode();
            case Record record ->
                components(JSON.createObjectNode().put("type", record.getClass().getSimpleName()), record);
            case Enum<?> constant -> JSON.getNodeFactory().stringNode(constant.name());
            case List<?> list -> {
                var array = JSON.createArrayNode();
                list.forEach(one -> array.add(node(one)));
                yield array;
            }
            default -> JSON.valueToTree(value);
        };
    }
}
