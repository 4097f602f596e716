package dev.assay.adapter.stdio;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.annotation.Nulls;
import dev.assay.engine.EngineProtocolException;
import dev.assay.engine.Support;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.MapperFeature;
import tools.jackson.databind.PropertyNamingStrategies;
import tools.jackson.databind.cfg.EnumFeature;
import tools.jackson.databind.json.JsonMapper;

/// Lines of JSON and frames of float32, both ways. Strict: whatever the protocol does not foresee is an
/// [EngineProtocolException] that says what was expected and what was found.
///
/// A frame is its length in bytes, 4 bytes, and then its rows one after the other, all little-endian.
final class Wire {
    /// What both sides must say when they meet.
    static final String PROTOCOL = "assay-stdio/1";

    /// Longest line that is read, in bytes. Routed experts are the most that a line holds.
    private static final int MAX_LINE_BYTES = 64 << 20;

    /// Most rows and most columns of a frame: far more than any context or vocabulary has.
    private static final int MAX_SIZE = 1 << 24;

    private static final int QUOTED_CHARACTERS = 80;

    private static final JsonMapper JSON = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .disable(MapperFeature.SORT_PROPERTIES_ALPHABETICALLY)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(EnumFeature.FAIL_ON_NUMBERS_FOR_ENUMS)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .changeDefaultNullHandling(nulls -> nulls.withValueNulls(Nulls.FAIL).withContentNulls(Nulls.FAIL))
            .addMixIn(Support.class, SupportByKind.class)
            .build();

    private final InputStream in;
    private final OutputStream out;

    Wire(InputStream in, OutputStream out) {
        this.in = new BufferedInputStream(in);
        this.out = new BufferedOutputStream(out);
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = Support.Supported.class, name = "supported"),
        @JsonSubTypes.Type(value = Support.Unsupported.class, name = "unsupported")
    })
    private interface SupportByKind {}

    /// The text of a message, without the line end.
    static String text(Object message) {
        return JSON.writeValueAsString(message);
    }

    /// The tree of a JSON text, for a message that carries it.
    static JsonNode tree(String json) {
        return JSON.readTree(json);
    }

    /// Writes a message. It may stay in a buffer until [#flush].
    void write(Object message) throws IOException {
        out.write(text(message).getBytes(StandardCharsets.UTF_8));
        out.write('\n');
    }

    /// Writes a frame, `[rows][columns]`.
    void write(float[][] rows) throws IOException {
        int columns = rows.length == 0 ? 0 : rows[0].length;
        ByteBuffer bytes =
                ByteBuffer.allocate(Math.max(columns, 1) * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(Math.toIntExact((long) rows.length * columns * Float.BYTES));
        out.write(bytes.array(), 0, Integer.BYTES);
        for (float[] row : rows) {
            if (row.length != columns) {
                throw new IllegalArgumentException("expected rows of " + columns + " numbers, found " + row.length);
            }
            bytes.clear();
            bytes.asFloatBuffer().put(row);
            out.write(bytes.array(), 0, columns * Float.BYTES);
        }
    }

    void flush() throws IOException {
        out.flush();
    }

    /// The next line, without its end; null if there is none and never will be.
    ///
    /// @throws EOFException if the input ends within the line
    /// @throws EngineProtocolException if it is too long or not UTF-8
    @Nullable
    String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        int next = in.read();
        if (next < 0) {
            return null;
        }
        for (; next != '\n'; next = in.read()) {
            if (next < 0) {
                throw new EOFException(
                        "within the line " + quote(decode(line.toByteArray()).toString()));
            }
            if (line.size() == MAX_LINE_BYTES) {
                throw new EngineProtocolException("expected a line of at most " + MAX_LINE_BYTES + " bytes, found "
                        + quote(decode(line.toByteArray()).toString()));
            }
            line.write(next);
        }
        return decode(line.toByteArray()).toString();
    }

    private static CharBuffer decode(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes));
        } catch (CharacterCodingException e) {
            throw new EngineProtocolException(
                    "expected a line of JSON in UTF-8, found " + quote(new String(bytes, StandardCharsets.ISO_8859_1)));
        }
    }

    /// Reads a line as a message.
    ///
    /// @param expected what it should be, for messages
    static <M> M parse(String line, Class<M> type, String expected) {
        try {
            return JSON.readValue(line, type);
        } catch (JacksonException e) {
            throw new EngineProtocolException(
                    "expected " + expected + ", found " + quote(line) + ": " + e.getOriginalMessage());
        }
    }

    /// Reads the answer to a request.
    ///
    /// @throws EngineProtocolException if it is anything but that
    static Answer parseAnswer(String line, Request request, Class<? extends Answer> type) {
        String expected = "the answer to " + name(request) + " (" + request.id() + ")";
        JsonNode tree = parse(line, JsonNode.class, expected);
        Class<? extends Answer> found = tree.has("error") ? Answer.Failed.class : type;
        Answer answer = parse(line, found, expected);
        boolean toNoRequest = answer instanceof Answer.Failed && answer.id() == 0;
        if (answer.id() != request.id() && !toNoRequest) {
            throw new EngineProtocolException("expected " + expected + ", found that to " + answer.id());
        }
        return answer;
    }

    /// Name of an operation, as in the field `op`.
    static String name(Request request) {
        return request.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    }

    /// Reads the frame of a value, `[rows][columns]`.
    ///
    /// @param name of the value, for messages
    /// @throws EOFException if the input ends within the frame
    /// @throws EngineProtocolException if it has another length than its message announced
    float[][] readFrame(String name, int rows, int columns) throws IOException {
        if (rows < 0 || columns < 0 || rows > MAX_SIZE || columns > MAX_SIZE) {
            throw new EngineProtocolException("expected a frame of at most " + MAX_SIZE + " rows and columns, found "
                    + name + " [" + rows + "][" + columns + "]");
        }
        long expected = (long) rows * columns * Float.BYTES;
        long found = Integer.toUnsignedLong(
                little(readBytes(Integer.BYTES, "length of the frame " + name)).getInt());
        if (found != expected) {
            throw new EngineProtocolException("frame " + name + " [" + rows + "][" + columns + "]: expected " + expected
                    + " bytes, found a length of " + found);
        }
        float[][] values = new float[rows][];
        for (int row = 0; row < rows; row++) {
            values[row] = new float[columns];
            little(readBytes(columns * Float.BYTES, "row " + row + " of the frame " + name))
                    .asFloatBuffer()
                    .get(values[row]);
        }
        return values;
    }

    private static ByteBuffer little(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    private byte[] readBytes(int count, String what) throws IOException {
        byte[] bytes = in.readNBytes(count);
        if (bytes.length < count) {
            throw new EOFException("after " + bytes.length + " of " + count + " bytes, " + what);
        }
        return bytes;
    }

    private static String quote(String text) {
        return text.length() <= QUOTED_CHARACTERS
                ? "'" + text + "'"
                : "'" + text.substring(0, QUOTED_CHARACTERS) + "…'";
    }
}
