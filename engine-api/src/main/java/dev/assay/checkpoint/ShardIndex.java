package dev.assay.checkpoint;

import static tools.jackson.core.JsonToken.END_OBJECT;
import static tools.jackson.core.JsonToken.START_OBJECT;
import static tools.jackson.core.JsonToken.VALUE_STRING;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JsonParser;

/// `model.safetensors.index.json`: which file holds which tensor.
///
/// @param weightMap file name by tensor name, sorted
record ShardIndex(Map<String, String> weightMap) {
    /// Reads an index.
    ///
    /// @throws CheckpointException if it is malformed or a file name is more than a name
    static ShardIndex read(Path file) {
        try (InputStream bytes = Files.newInputStream(file)) {
            long size = Files.size(file);
            if (size > StrictJson.MAX_BYTES) {
                throw new CheckpointException(
                        file + ": expected at most " + StrictJson.MAX_BYTES + " bytes, the file has " + size);
            }
            return StrictJson.read(bytes, file.toString(), parser -> new ShardIndex(index(parser, file.toString())));
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e.getMessage(), e);
        }
    }

    private static Map<String, String> index(JsonParser json, String source) {
        Map<String, String> weightMap = Map.of();
        json.nextToken();
        StrictJson.expect(json, START_OBJECT, source);
        while (json.nextToken() != END_OBJECT) {
            String key = json.currentName();
            json.nextToken();
            if (key.equals("weight_map")) {
                weightMap = weightMap(json, source + ": weight_map");
            } else {
                // `metadata` holds sums that nothing depends on.
                json.skipChildren();
            }
        }
        if (weightMap.isEmpty()) {
            throw new CheckpointException(source + ": expected a weight_map with tensors, found none");
        }
        return weightMap;
    }

    private static Map<String, String> weightMap(JsonParser json, String where) {
        Map<String, String> weightMap = new TreeMap<>();
        StrictJson.expect(json, START_OBJECT, where);
        while (json.nextToken() != END_OBJECT) {
            String tensor = json.currentName();
            json.nextToken();
            StrictJson.expect(json, VALUE_STRING, where + ": " + tensor);
            String file = json.getString();
            if (!isPlainName(file)) {
                throw new CheckpointException(
                        where + ": " + tensor + ": expected the name of a file in the same folder, found " + file);
            }
            weightMap.put(tensor, file);
        }
        return weightMap;
    }

    /// Whether a name stays in the folder: on no system a path of several parts, a parent or a root.
    private static boolean isPlainName(String file) {
        if (file.isEmpty() || file.equals(".") || file.equals("..") || file.matches(".*[/\\\\:\\p{Cntrl}].*")) {
            return false;
        }
        try {
            Path path = Path.of(file);
            return !path.isAbsolute() && path.getNameCount() == 1;
        } catch (InvalidPathException _) {
            return false;
        }
    }
}
