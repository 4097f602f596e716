package dev.assay.checkpoint;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.exc.JacksonIOException;
import tools.jackson.core.json.JsonFactory;

/// JSON of checkpoint files: strict UTF-8, no duplicate keys, nothing after the value, no more depth than they
/// need.
final class StrictJson {
    /// Limit of headers and indexes, in bytes; the limit of the safetensors library.
    static final long MAX_BYTES = 100_000_000;

    private static final int MAX_DEPTH = 16;

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .streamReadConstraints(
                    StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .build();

    private StrictJson() {}

    /// Reads a document.
    ///
    /// @param where file and part, for messages
    /// @param reader reads the one value; called with the parser before the first token
    /// @throws CheckpointException if it is not JSON, or anything follows it
    static <T> T read(InputStream bytes, String where, Function<JsonParser, T> reader) {
        // A decoder of our own: left to itself, Jackson also takes UTF-16 and UTF-32.
        var decoder = StandardCharsets.UTF_8
                .newDecoder()
                .onMalformedInput(CodingErrorAction.REPORT)
                .onUnmappableCharacter(CodingErrorAction.REPORT);
        try (JsonParser parser =
                FACTORY.createParser(ObjectReadContext.empty(), new InputStreamReader(bytes, decoder))) {
            T value = reader.apply(parser);
            if (parser.nextToken() != null) {
                throw new CheckpointException(where + ": expected nothing after the JSON object, found more");
            }
            return value;
        } catch (JacksonIOException e) {
            IOException cause = e.getCause();
            throw new CheckpointException(
                    where
                            + (cause instanceof CharacterCodingException
                                    ? ": expected UTF-8"
                                    : ": cannot be read: " + cause),
                    e);
        } catch (JacksonException e) {
            throw new CheckpointException(where + ": expected JSON, found: " + e.getOriginalMessage(), e);
        }
    }

    /// Checks the token that the parser stands on.
    static void expect(JsonParser parser, JsonToken expected, String where) {
        JsonToken found = parser.currentToken();
        if (found != expected) {
            throw new CheckpointException(where + ": expected " + name(expected) + ", found "
                    + (found == null ? "nothing" : name(found) + " " + excerpt(parser)));
        }
    }

    private static String excerpt(JsonParser parser) {
        String text = parser.getString();
        if (text == null) {
            return "";
        }
        return text.length() <= 40 ? text : text.substring(0, 40) + "…";
    }

    private static String name(JsonToken token) {
        return switch (token) {
            case START_OBJECT -> "an object";
            case START_ARRAY -> "an array";
            case VALUE_STRING -> "a string";
            case VALUE_NUMBER_INT -> "an integer";
            default -> token.name();
        };
    }
}
