package dev.assay.checkpoint;

import static tools.jackson.core.JsonToken.END_ARRAY;
import static tools.jackson.core.JsonToken.END_OBJECT;
import static tools.jackson.core.JsonToken.START_ARRAY;
import static tools.jackson.core.JsonToken.START_OBJECT;
import static tools.jackson.core.JsonToken.VALUE_NUMBER_INT;
import static tools.jackson.core.JsonToken.VALUE_STRING;

import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonParser;

/// The header of a safetensors file: eight bytes of length, little-endian, and a JSON object that names every tensor's
/// type, shape and place. The data after it must be covered by the tensors without holes or overlaps.
///
/// Source: <https://github.com/huggingface/safetensors>, README "Format" and `safetensors/src/tensor.rs`.
///
/// @param metadata the free strings under `__metadata__`, empty if there are none
/// @param entries sorted by name
record SafetensorsHeader(Map<String, String> metadata, List<Entry> entries) {
    /// Deeper shapes are refused, so that a header cannot ask for lists of millions of sizes.
    private static final int MAX_RANK = 16;

    private static final int LENGTH_BYTES = 8;

    private static final ValueLayout.OfLong LENGTH = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Bits of one element of every type that the format knows.
    private static final Map<String, Integer> BITS = Map.ofEntries(
            Map.entry("BOOL", 8),
            Map.entry("F4", 4),
            Map.entry("F6_E2M3", 6),
            Map.entry("F6_E3M2", 6),
            Map.entry("U8", 8),
            Map.entry("I8", 8),
            Map.entry("F8_E5M2", 8),
            Map.entry("F8_E4M3", 8),
            Map.entry("F8_E8M0", 8),
            Map.entry("F8_E4M3FNUZ", 8),
            Map.entry("F8_E5M2FNUZ", 8),
            Map.entry("I16", 16),
            Map.entry("U16", 16),
            Map.entry("F16", 16),
            Map.entry("BF16", 16),
            Map.entry("I32", 32),
            Map.entry("U32", 32),
            Map.entry("F32", 32),
            Map.entry("C64", 64),
            Map.entry("F64", 64),
            Map.entry("I64", 64),
            Map.entry("U64", 64));

    /// A tensor of the header.
    ///
    /// @param offset first byte, from the start of the file
    /// @param bytes length of its data
    record Entry(String name, String type, List<Integer> shape, long offset, long bytes) {}

    /// Parses the header of a file.
    ///
    /// @param file the whole file
    /// @param source the file's name, for messages
    /// @throws CheckpointException if the header or its relation to the file is malformed
    static SafetensorsHeader parse(MemorySegment file, String source) {
        long size = file.byteSize();
        if (size < LENGTH_BYTES) {
            throw new CheckpointException(
                    source + ": expected at least " + LENGTH_BYTES + " bytes, the file has " + size);
        }
        long length = file.get(LENGTH, 0);
        // Negative lengths are unsigned ones beyond 2⁶³.
        if (length < 0 || length > StrictJson.MAX_BYTES) {
            throw new CheckpointException(source + ": expected a header of at most " + StrictJson.MAX_BYTES
                    + " bytes, the file says " + Long.toUnsignedString(length));
        }
        if (length > size - LENGTH_BYTES) {
            throw new CheckpointException(
                    source + ": header of " + length + " bytes does not fit into the file of " + size + " bytes");
        }
        if (length == 0 || file.get(ValueLayout.JAVA_BYTE, LENGTH_BYTES) != '{') {
            throw new CheckpointException(source + ": expected a header that begins with '{': not a safetensors file");
        }
        InputStream json = new SegmentInputStream(file.asSlice(LENGTH_BYTES, length));
        long dataStart = LENGTH_BYTES + length;
        SafetensorsHeader header = StrictJson.read(
                json, source + ": header", parser -> new Parser(parser, source, dataStart, size).header());
        checkCoverage(header.entries, source, dataStart, size);
        return header;
    }

    private static void checkCoverage(List<Entry> entries, String source, long dataStart, long fileSize) {
        List<Entry> byOffset = new ArrayList<>(entries);
        byOffset.sort(Comparator.comparingLong(Entry::offset).thenComparingLong(Entry::bytes));
        long covered = dataStart;
        for (Entry entry : byOffset) {
            if (entry.offset != covered) {
                throw new CheckpointException(source + ": " + entry.name + ": expected its data to begin at offset "
                        + (covered - dataStart) + ", where the tensor before it ends, found "
                        + (entry.offset - dataStart)
                        + (entry.offset < covered ? ": tensors overlap" : ": a hole between tensors"));
            }
            covered += entry.bytes;
        }
        if (covered != fileSize) {
            throw new CheckpointException(source + ": expected " + (covered - dataStart)
                    + " bytes of data as in the header, the file has " + (fileSize - dataStart));
        }
    }

    /// Bytes of a header, without a copy of it.
    private static final class SegmentInputStream extends InputStream {
        private final MemorySegment segment;
        private long position;

        SegmentInputStream(MemorySegment segment) {
            this.segment = segment;
        }

        @Override
        public int read() {
            return position == segment.byteSize() ? -1 : segment.get(ValueLayout.JAVA_BYTE, position++) & 0xff;
        }

        @Override
        public int read(byte[] into, int offset, int length) {
            int count = (int) Math.min(length, segment.byteSize() - position);
            if (count == 0 && length > 0) {
                return -1;
            }
            MemorySegment.copy(segment, ValueLayout.JAVA_BYTE, position, into, offset, count);
            position += count;
            return count;
        }
    }

    /// One pass over the JSON.
    private static final class Parser {
        private final JsonParser json;
        private final String source;
        private final long dataStart;
        private final long dataBytes;

        Parser(JsonParser json, String source, long dataStart, long fileSize) {
            this.json = json;
            this.source = source;
            this.dataStart = dataStart;
            this.dataBytes = fileSize - dataStart;
        }

        SafetensorsHeader header() {
            Map<String, String> metadata = Map.of();
            List<Entry> entries = new ArrayList<>();
            json.nextToken();
            StrictJson.expect(json, START_OBJECT, source + ": header");
            while (json.nextToken() != END_OBJECT) {
                String name = json.currentName();
                json.nextToken();
                if (name.equals("__metadata__")) {
                    metadata = metadata();
                } else {
                    entries.add(entry(name));
                }
            }
            entries.sort(Comparator.comparing(Entry::name));
            return new SafetensorsHeader(Map.copyOf(metadata), List.copyOf(entries));
        }

        private Map<String, String> metadata() {
            String where = source + ": __metadata__";
            Map<String, String> metadata = new TreeMap<>();
            StrictJson.expect(json, START_OBJECT, where);
            while (json.nextToken() != END_OBJECT) {
                String key = json.currentName();
                json.nextToken();
                StrictJson.expect(json, VALUE_STRING, where + "." + key);
                metadata.put(key, json.getString());
            }
            return metadata;
        }

        private Entry entry(String name) {
            String where = source + ": " + name;
            String type = null;
            List<Integer> shape = null;
            List<Long> offsets = null;
            StrictJson.expect(json, START_OBJECT, where);
            while (json.nextToken() != END_OBJECT) {
                String key = json.currentName();
                json.nextToken();
                switch (key) {
                    case "dtype" -> type = type(where + ": dtype");
                    case "shape" -> shape = shape(where + ": shape");
                    case "data_offsets" -> offsets = offsets(where + ": data_offsets");
                    // A key that nobody knows may change what the data mean.
                    default ->
                        throw new CheckpointException(where + ": expected dtype, shape and data_offsets, found " + key);
                }
            }
            if (type == null || shape == null || offsets == null) {
                throw new CheckpointException(where + ": " + missing(type, shape) + " is missing");
            }
            long begin = offsets.getFirst();
            long end = offsets.getLast();
            if (begin < 0 || begin > end || end > dataBytes) {
                throw new CheckpointException(where + ": expected data_offsets within the " + dataBytes
                        + " bytes of data, found [" + begin + ", " + end + "]");
            }
            long expected = bytes(type, shape, where);
            if (end - begin != expected) {
                throw new CheckpointException(where + ": expected " + expected + " bytes for " + type + " "
                        + TensorInfo.format(shape) + ", data_offsets [" + begin + ", " + end + "] span "
                        + (end - begin));
            }
            return new Entry(name, type, shape, dataStart + begin, end - begin);
        }

        private static String missing(@Nullable String type, @Nullable List<Integer> shape) {
            if (type == null) {
                return "dtype";
            }
            return shape == null ? "shape" : "data_offsets";
        }

        private String type(String where) {
            StrictJson.expect(json, VALUE_STRING, where);
            String type = json.getString();
            if (!BITS.containsKey(type)) {
                throw new CheckpointException(where + ": expected an element type of the safetensors format, found "
                        + (type.length() <= 40 ? type : type.substring(0, 40) + "…"));
            }
            return type;
        }

        private List<Integer> shape(String where) {
            List<Integer> shape = new ArrayList<>();
            StrictJson.expect(json, START_ARRAY, where);
            while (json.nextToken() != END_ARRAY) {
                StrictJson.expect(json, VALUE_NUMBER_INT, where);
                long size = json.getLongValue();
                if (size < 0 || size > Integer.MAX_VALUE) {
                    throw new CheckpointException(
                            where + ": expected sizes from 0 to " + Integer.MAX_VALUE + ", found " + size);
                }
                if (shape.size() == MAX_RANK) {
                    throw new CheckpointException(where + ": expected at most " + MAX_RANK + " dimensions, found more");
                }
                shape.add((int) size);
            }
            return List.copyOf(shape);
        }

        private List<Long> offsets(String where) {
            StrictJson.expect(json, START_ARRAY, where);
            List<Long> offsets = new ArrayList<>(2);
            while (json.nextToken() != END_ARRAY) {
                StrictJson.expect(json, VALUE_NUMBER_INT, where);
                if (offsets.size() == 2) {
                    throw new CheckpointException(where + ": expected begin and end, found more than two numbers");
                }
                offsets.add(json.getLongValue());
            }
            if (offsets.size() != 2) {
                throw new CheckpointException(where + ": expected begin and end, found " + offsets);
            }
            return offsets;
        }

        private static long bytes(String type, List<Integer> shape, String where) {
            long bits = BITS.getOrDefault(type, 0);
            try {
                for (int size : shape) {
                    bits = Math.multiplyExact(bits, size);
                }
            } catch (ArithmeticException e) {
                throw new CheckpointException(
                        where + ": shape " + TensorInfo.format(shape) + " has more elements than a file can hold", e);
            }
            if (bits % Byte.SIZE != 0) {
                throw new CheckpointException(where + ": expected whole bytes, " + type + " " + TensorInfo.format(shape)
                        + " has " + bits + " bits");
            }
            return bits / Byte.SIZE;
        }
    }
}
