package dev.assay.checkpoint;

import static tools.jackson.core.JsonToken.END_OBJECT;
import static tools.jackson.core.JsonToken.START_OBJECT;
import static tools.jackson.core.JsonToken.VALUE_STRING;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import tools.jackson.core.JsonParser;

/// `model.safetensors.index.json`: which file holds which tensor.
///
/// @param weightMap file name by tensor name, sorted
record ShardIndex(Map<String, String> weightMap) {
    /// What no plain name has, on whatever system.
    private static final Pattern SEPARATOR = Pattern.compile("[/\\\\:\\p{Cntrl}]");

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
            return parse(bytes, file.toString());
        } catch (IOException e) {
            throw new CheckpointException(file + ": cannot be read: " + e, e);
        }
    }

    /// Parses an index.
    ///
    /// @param source for messages
    /// @throws CheckpointException as for [#read]
    static ShardIndex parse(InputStream bytes, String source) {
        return StrictJson.read(bytes, source, parser -> new ShardIndex(index(parser, source)));
    }

    /// The tensors of all shards, if they are those that the index names, each in its own shard.
    ///
    /// @param shards by file name
    /// @param source the index, for messages
    /// @throws CheckpointException if they are not
    List<StoredTensor> match(Map<String, SafetensorsFile> shards, String source) {
        List<StoredTensor> stored = new ArrayList<>();
        Map<String, String> seen = new HashMap<>(); // shard by tensor
        for (Map.Entry<String, SafetensorsFile> shard : shards.entrySet()) {
            for (StoredTensor tensor : shard.getValue().stored()) {
                String other = seen.put(tensor.name(), shard.getKey());
                if (other != null) {
                    throw new CheckpointException(source + ": " + tensor.name() + ": expected in one shard, found in "
                            + other + " and " + shard.getKey());
                }
                String expected = weightMap.get(tensor.name());
                if (!shard.getKey().equals(expected)) {
                    throw new CheckpointException(source + ": " + tensor.name() + ": found in " + shard.getKey()
                            + ", the index " + (expected == null ? "does not name it" : "says " + expected));
                }
                stored.add(tensor);
            }
        }
        for (Map.Entry<String, String> entry : weightMap.entrySet()) {
            if (!seen.containsKey(entry.getKey())) {
                throw new CheckpointException(source + ": " + entry.getKey() + ": expected in " + entry.getValue()
                        + ", which has no such tensor");
            }
        }
        return stored;
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
        if (file.isEmpty()
                || file.equals(".")
                || file.equals("..")
                || SEPARATOR.matcher(file).find()) {
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
