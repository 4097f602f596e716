package dev.assay.checkpoint;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonWriteFeature;

/// Writes the parts of a safetensors file: a header, and after it the tensors in the same order, without gaps.
final class SafetensorsWriter {
    /// The byte order of names, not that of Strings, which compares UTF-16.
    static final Comparator<TensorInfo> ORDER =
            Comparator.comparing(info -> info.name().getBytes(StandardCharsets.UTF_8), Arrays::compareUnsigned);

    /// Escapes as Python does by default: all that is not ASCII, in lower-case hex, and no slashes.
    private static final JsonFactory JSON = JsonFactory.builder()
            .enable(JsonWriteFeature.ESCAPE_NON_ASCII)
            .disable(JsonWriteFeature.ESCAPE_FORWARD_SLASHES)
            .disable(JsonWriteFeature.WRITE_HEX_UPPER_CASE)
            .build();

    private SafetensorsWriter() {}

    /// Length and JSON, padded with spaces to a multiple of eight bytes.
    ///
    /// @param tensors in the order of their data
    static ByteBuffer header(List<TensorInfo> tensors) {
        var json = new ByteArrayOutputStream();
        try (JsonGenerator generator = JSON.createGenerator(ObjectWriteContext.empty(), json)) {
            generator.writeStartObject();
            generator.writeName("__metadata__");
            generator.writeStartObject();
            generator.writeStringProperty("format", "pt");
            generator.writeEndObject();
            long offset = 0;
            for (TensorInfo tensor : tensors) {
                generator.writeName(tensor.name());
                generator.writeStartObject();
                generator.writeStringProperty("dtype", tensor.type().name());
                generator.writeName("shape");
                generator.writeStartArray();
                tensor.shape().forEach(generator::writeNumber);
                generator.writeEndArray();
                generator.writeName("data_offsets");
                generator.writeStartArray();
                generator.writeNumber(offset);
                offset = Math.addExact(
                        offset,
                        Math.multiplyExact(tensor.elements(), tensor.type().bytes()));
                generator.writeNumber(offset);
                generator.writeEndArray();
                generator.writeEndObject();
            }
            generator.writeEndObject();
        }
        byte[] text = json.toByteArray();
        byte[] padded = Arrays.copyOf(text, Math.ceilDiv(text.length, 8) * 8);
        Arrays.fill(padded, text.length, padded.length, (byte) ' ');
        return ByteBuffer.allocate(Long.BYTES + padded.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(padded.length)
                .put(padded)
                .flip();
    }

    /// Writes all bytes, where a channel may take fewer.
    static void write(ByteBuffer bytes, WritableByteChannel channel) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }
}
