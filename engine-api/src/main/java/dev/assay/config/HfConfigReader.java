package dev.assay.config;

import static java.util.Map.entry;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

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
                    // Python writes Infinity and NaN, and some published files have them. Readers refuse them.
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    /// Readers by `model_type`.
    private static final Map<String, Function<ConfigFields, ModelConfig>> FAMILIES = Map.ofEntries(
            entry("deepseek_v2", DeepSeekV2Reader::read),
            entry("deepseek_v3", fields -> DeepSeekV3Reader.read(fields, Architecture.DEEPSEEK_V3)),
            entry("gemma3", fields -> WrapperReader.read(fields, "gemma3_text", Gemma3Reader::read)),
            entry("gemma3_text", Gemma3Reader::read),
            entry("gemma3n", fields -> WrapperReader.read(fields, "gemma3n_text", Gemma3nReader::read)),
            entry("gemma3n_text", Gemma3nReader::read),
            entry("gpt2", Gpt2Reader::read),
            entry("kimi_k2", fields -> DeepSeekV3Reader.read(fields, Architecture.KIMI_K2)),
            entry("llama", Llama3Reader::read),
            entry("llama4", fields -> WrapperReader.read(fields, "llama4_text", Llama4Reader::read)),
            entry("llama4_text", Llama4Reader::read),
            entry("mistral", MistralReader::read),
            entry("mistral3", fields -> WrapperReader.read(fields, "mistral", MistralReader::readWrapped)),
            entry("olmo2", Olmo2Reader::read),
            entry("qwen3", Qwen3Reader::read),
            entry("qwen3_moe", Qwen3MoeReader::read),
            entry("smollm3", SmolLm3Reader::read));

    private HfConfigReader() {}

    /// Every `model_type` that is read.
    static SortedSet<String> modelTypes() {
        return new TreeSet<>(FAMILIES.keySet());
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
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes))
                            .toString(),
                    source);
        } catch (CharacterCodingException malformed) {
            throw new ConfigException(source + ": not JSON: not UTF-8", malformed);
        }
    }

    static ModelConfig parse(String json, String source) {
        if (json.length() > MAX_BYTES) {
            throw tooLong(source);
        }
        try {
            return read(JSON.readTree(json), source);
        } catch (JacksonException notJson) {
            throw new ConfigException(source + ": not JSON: " + where(notJson), notJson);
        }
    }

    private static ModelConfig read(JsonNode tree, String source) {
        if (!(tree instanceof ObjectNode object)) {
            String found = tree.isMissingNode() ? "nothing" : "a JSON " + tree.getNodeType();
            throw new ConfigException(source + ": found " + found + ", expected a JSON object");
        }
        ConfigFields fields = ConfigFields.root(source, object);
        Function<ConfigFields, ModelConfig> family = FAMILIES.get(fields.text("model_type", ""));
        if (family == null) {
            throw fields.wrong("model_type", "one of " + modelTypes());
        }
        ModelConfig config = family.apply(fields);
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
