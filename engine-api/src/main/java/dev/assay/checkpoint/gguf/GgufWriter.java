package dev.assay.checkpoint.gguf;

import dev.assay.checkpoint.Checkpoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/// Writes a GGUF file, version 3: ggml `docs/gguf.md`. All numbers are little-endian.
///
/// ```
/// "GGUF"  version u32  tensors u64  keys u64
/// keys:    name, type u32, value
/// tensors: name, dimensions u32, sizes u64 innermost first, type u32, offset u64 from the beginning of the data
/// data:    each tensor at a multiple of 32 bytes
/// ```
///
/// A string is its length in bytes as u64 and its UTF-8; an array is the type of its elements, their number as u64 and
/// the elements.
final class GgufWriter {
    private static final int VERSION = 3;
    private static final int ALIGNMENT = 32;
    /// ggml's `GGML_QNT_VERSION`, the version of the block formats.
    private static final int QUANTISATION_VERSION = 2;

    private static final int UINT32 = 4;
    private static final int INT32 = 5;
    private static final int FLOAT32 = 6;
    private static final int BOOL = 7;
    private static final int STRING = 8;
    private static final int ARRAY = 9;

    private static final int BUFFER_BYTES = 1 << 20;

    private final Gguf.Layout layout;
    private final GgufType type;
    private ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER_BYTES).order(ByteOrder.LITTLE_ENDIAN);

    GgufWriter(Gguf.Layout layout, GgufType type) {
        this.layout = layout;
        this.type = type;
    }

    long write(Checkpoint checkpoint, Path file) throws IOException {
        Path part = file.resolveSibling(file.getFileName() + ".part");
        try {
            try (FileChannel channel = FileChannel.open(
                    part, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.TRUNCATE_EXISTING)) {
                header(channel);
                for (GgufTensor tensor : layout.tensors()) {
                    align(channel);
                    data(channel, tensor, checkpoint);
                }
                align(channel);
                flush(channel);
                channel.force(true);
            }
            long bytes = Files.size(part);
            Files.move(part, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return bytes;
        } finally {
            Files.deleteIfExists(part);
        }
    }

    private void header(FileChannel channel) throws IOException {
        SequencedMap<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", new GgufValue.Text(layout.architecture()));
        metadata.put("general.type", new GgufValue.Text("model"));
        metadata.put("general.file_type", new GgufValue.UInt32(type.fileType()));
        metadata.put("general.quantization_version", new GgufValue.UInt32(QUANTISATION_VERSION));
        metadata.putAll(layout.metadata());
        room(channel, 24).put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(VERSION);
        buffer.putLong(layout.tensors().size()).putLong(metadata.size());
        for (var entry : metadata.entrySet()) {
            text(channel, entry.getKey());
            value(channel, entry.getValue());
        }
        long offset = 0;
        for (GgufTensor tensor : layout.tensors()) {
            text(channel, tensor.name());
            List<Integer> shape = tensor.shape();
            room(channel, 4).putInt(shape.size());
            for (int size : shape.reversed()) {
                room(channel, 8).putLong(size);
            }
            room(channel, 12).putInt(tensor.type(type).id()).putLong(offset);
            offset += Math.ceilDiv(tensor.bytes(type), ALIGNMENT) * ALIGNMENT;
        }
    }

    private void value(FileChannel channel, GgufValue value) throws IOException {
        switch (value) {
            case GgufValue.UInt32(int number) -> room(channel, 8).putInt(UINT32).putInt(number);
            case GgufValue.Float32(float number) ->
                room(channel, 8).putInt(FLOAT32).putFloat(number);
            case GgufValue.Bool(boolean truth) -> room(channel, 5).putInt(BOOL).put((byte) (truth ? 1 : 0));
            case GgufValue.Text(String text) -> {
                room(channel, 4).putInt(STRING);
                text(channel, text);
            }
            case GgufValue.Texts(List<String> texts) -> {
                array(channel, STRING, texts.size());
                for (String text : texts) {
                    text(channel, text);
                }
            }
            case GgufValue.Floats(List<Float> numbers) -> {
                array(channel, FLOAT32, numbers.size());
                for (float number : numbers) {
                    room(channel, 4).putFloat(number);
                }
            }
            case GgufValue.Ints(List<Integer> numbers) -> {
                array(channel, INT32, numbers.size());
                for (int number : numbers) {
                    room(channel, 4).putInt(number);
                }
            }
            case GgufValue.Bools(List<Boolean> truths) -> {
                array(channel, BOOL, truths.size());
                for (boolean truth : truths) {
                    room(channel, 1).put((byte) (truth ? 1 : 0));
                }
            }
        }
    }

    private void array(FileChannel channel, int elementType, int size) throws IOException {
        room(channel, 16).putInt(ARRAY).putInt(elementType).putLong(size);
    }

    private void text(FileChannel channel, String text) throws IOException {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        room(channel, 8 + bytes.length).putLong(bytes.length).put(bytes);
    }

    private void data(FileChannel channel, GgufTensor tensor, Checkpoint checkpoint) throws IOException {
        GgufType own = tensor.type(type);
        Source.Elements elements = tensor.source().open(checkpoint);
        float[] row = new float[tensor.columns()];
        int rowBytes = Math.toIntExact(own.rowBytes(row.length));
        for (long first = 0; first < tensor.source().size(); first += row.length) {
            for (int i = 0; i < row.length; i++) {
                row[i] = elements.at(first + i);
            }
            own.encode(row, room(channel, rowBytes));
        }
    }

    private void align(FileChannel channel) throws IOException {
        long position = channel.position() + buffer.position();
        int padding = (int) (Math.ceilDiv(position, ALIGNMENT) * ALIGNMENT - position);
        room(channel, padding).put(new byte[padding]);
    }

    /// The buffer, with room for that many bytes.
    private ByteBuffer room(FileChannel channel, int bytes) throws IOException {
        if (buffer.remaining() < bytes) {
            flush(channel);
        }
        if (buffer.remaining() < bytes) {
            buffer = ByteBuffer.allocateDirect(bytes).order(ByteOrder.LITTLE_ENDIAN);
        }
        return buffer;
    }

    private void flush(FileChannel channel) throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
        buffer.clear();
    }
}
