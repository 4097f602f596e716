package dev.assay.checkpoint.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/// Reads a GGUF file as ggml's `docs/gguf.md` describes it, and nothing that the writer knows.
///
/// @param keys values by name: Integer, Float, Boolean, String, or a List of them
/// @param tensors by name
/// @param bytes the file
record GgufReader(Map<String, Object> keys, Map<String, Entry> tensors, ByteBuffer bytes) {
    /// @param shape outermost first
    /// @param start of its data in the file
    record Entry(List<Integer> shape, int type, int start) {
        int size() {
            return shape.stream().reduce(1, Math::multiplyExact);
        }
    }

    static GgufReader read(Path file) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
        byte[] magic = new byte[4];
        bytes.get(magic);
        assertThat(new String(magic, StandardCharsets.US_ASCII)).isEqualTo("GGUF");
        assertThat(bytes.getInt()).as("version").isEqualTo(3);
        long tensorCount = bytes.getLong();
        long keyCount = bytes.getLong();
        Map<String, Object> keys = new LinkedHashMap<>();
        for (long i = 0; i < keyCount; i++) {
            String name = text(bytes);
            assertThat(keys.put(name, value(bytes, bytes.getInt()))).as(name).isNull();
        }
        Map<String, Entry> relative = new LinkedHashMap<>();
        for (long i = 0; i < tensorCount; i++) {
            String name = text(bytes);
            int dimensions = bytes.getInt();
            List<Integer> shape = new ArrayList<>();
            for (int d = 0; d < dimensions; d++) {
                shape.addFirst(Math.toIntExact(bytes.getLong()));
            }
            int type = bytes.getInt();
            long offset = bytes.getLong();
            assertThat(offset % 32).as("alignment of %s", name).isZero();
            assertThat(relative.put(name, new Entry(shape, type, Math.toIntExact(offset))))
                    .as(name)
                    .isNull();
        }
        int data = Math.ceilDiv(bytes.position(), 32) * 32;
        Map<String, Entry> tensors = new LinkedHashMap<>();
        relative.forEach(
                (name, entry) -> tensors.put(name, new Entry(entry.shape(), entry.type(), data + entry.start())));
        return new GgufReader(keys, tensors, bytes);
    }

    private static String text(ByteBuffer bytes) {
        byte[] text = new byte[Math.toIntExact(bytes.getLong())];
        bytes.get(text);
        return new String(text, StandardCharsets.UTF_8);
    }

    private static Object value(ByteBuffer bytes, int type) {
        return switch (type) {
            case 4, 5 -> bytes.getInt();
            case 6 -> bytes.getFloat();
            case 7 -> bytes.get() == 1;
            case 8 -> text(bytes);
            case 9 -> {
                int elementType = bytes.getInt();
                int size = Math.toIntExact(bytes.getLong());
                yield IntStream.range(0, size)
                        .mapToObj(_ -> value(bytes, elementType))
                        .toList();
            }
            default -> throw new AssertionError("no such type of value is written: " + type);
        };
    }

    Entry tensor(String name) {
        Entry entry = tensors.get(name);
        if (entry == null) {
            throw new AssertionError(name + ": no such tensor among " + tensors.keySet());
        }
        return entry;
    }

    /// The numbers of a tensor, row-major: F32, F16, BF16 or Q8_0.
    float[] numbers(String name) {
        Entry entry = tensor(name);
        float[] numbers = new float[entry.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = switch (entry.type()) {
                case 0 -> bytes.getFloat(entry.start() + 4 * i);
                case 1 -> Float.float16ToFloat(bytes.getShort(entry.start() + 2 * i));
                case 30 -> Float.intBitsToFloat(bytes.getShort(entry.start() + 2 * i) << 16);
                case 8 -> {
                    int block = entry.start() + i / 32 * 34;
                    yield Float.float16ToFloat(bytes.getShort(block)) * bytes.get(block + 2 + i % 32);
                }
                default -> throw new AssertionError("no tensor is written as type " + entry.type());
            };
        }
        return numbers;
    }
}
