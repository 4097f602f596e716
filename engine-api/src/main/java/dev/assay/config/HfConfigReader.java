package dev.assay.config;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Reads HF `config.json` files: makes the JSON tree, and hands it to the reader of the file's `model_type`.
final class HfConfigReader {
    /// Published files have a few KiB.
    private static final int MAX_BYTES = 1 << 20;

    private static final int MAX_DEPTH = 32;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxDocumentLength(MAX_BYTES)
                            .maxNestingDepth(MAX_DEPTH)
                            .build())
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private static final Map<String, Family> FAMILIES = Map.of(
            "llama", Llama3Reader::read,
            "qwen3", Qwen3Reader::read,
            "deepseek_v3", fields -> DeepSeekV3Reader.read(fields, Architecture.DEEPSEEK_V3),
            "kimi_k2", fields -> DeepSeekV3Reader.read(fields, Architecture.KIMI_K2));

    private HfConfigReader() {}

    /// The reader of one `model_type`.
    @FunctionalInterface
    private interface Family {
        ModelConfig read(ConfigFields fields);
    }

    static ModelConfig read(Path file) {
        String source = file.toString();
        byte[] bytes;
        try (InputStream in = Files.newInputStream(file)) {
            bytes = in.readNBytes(MAX_BYTES + 1);
        } catch (NoSuchFileException missing) {
            throw new ConfigException(source + ": no such file", missing);
        } catch (IOException failed) {
            throw new ConfigException(source + ": cannot be read: " + failed.getMessage(), failed);
        }
        if (bytes.length > MAX_BYTES) {
            throw tooLong(source);
        }
        try {
            return parse(
                    StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString(), source);
        } catch (CharacterCodingException malformed) {
            throw new ConfigException(source + ": not JSON: not UTF-8", malformed);
        }
    }

    static ModelConfig parse(String json, String source) {
        if (json.length() > MAX_BYTES) {
            throw tooLong(source);
        }
        try {
            return read(JSON.readTree(json));
        } catch (JacksonException notJson) {
            throw new ConfigException(source + ": not JSON: " + where(notJson), notJson);
        } catch (ConfigException wrong) {
            throw new ConfigException(source + ": " + wrong.getMessage(), wrong);
        }
    }

    private static ModelConfig read(JsonNode tree) {
        if (!tree.isObject()) {
            throw new ConfigException("found a JSON " + tree.getNodeType() + ", expected an object");
        }
        ConfigFields fields = ConfigFields.root(tree);
        Family family = FAMILIES.get(fields.text("model_type", ""));
        if (family == null) {
            throw fields.wrong("model_type", "one of " + new TreeMap<>(FAMILIES).keySet());
        }
        ModelConfig config = family.read(fields);
        fields.finish();
        return config;
    }

    private static String where(JacksonException notJson) {
        var at = notJson.getLocation();
        String place = at == null ? "" : "line " + at.getLineNr() + ", column " + at.getColumnNr() + ": ";
        return place + notJson.getOriginalMessage();
    }

    private static ConfigException tooLong(String source) {
        return new ConfigException(source + ": longer than " + MAX_BYTES + " bytes, expected a config.json");
    }
}
