package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SafetensorsFileTest {
    private static final String HEADER = """
        {"__metadata__":{"format":"pt"},\
        "b":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},\
        "a":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},\
        "one":{"dtype":"F64","shape":[],"data_offsets":[12,20]},\
        "none":{"dtype":"I32","shape":[3,0],"data_offsets":[12,12]},\
        "mask":{"dtype":"BOOL","shape":[2],"data_offsets":[20,22]},\
        "packed":{"dtype":"F4","shape":[3,2],"data_offsets":[22,25]},\
        "ids":{"dtype":"I64","shape":[1],"data_offsets":[25,33]}}\
        """;

    private static final byte[] DATA = ByteBuffer.allocate(33)
            .order(ByteOrder.LITTLE_ENDIAN)
            .putShort((short) 0x3f80)
            .putShort((short) 0xc000)
            .putFloat(1.5f)
            .putFloat(-2.5f)
            .putDouble(0.1)
            .put(new byte[5])
            .putLong(Long.MIN_VALUE)
            .array();

    @Test
    void tensorsAreFoundWhereTheHeaderSays() {
        try (SafetensorsFile file = SafetensorsFile.of(Fixtures.file(HEADER, DATA), "a file")) {
            assertThat(file.name()).isEqualTo("a file");
            assertThat(file.metadata()).isEqualTo(Map.of("format", "pt"));
            assertThat(file.tensors())
                    .containsExactly(
                            new TensorInfo("a", ElementType.BF16, List.of(2)),
                            new TensorInfo("b", ElementType.F32, List.of(2, 1)),
                            new TensorInfo("ids", ElementType.I64, List.of(1)),
                            new TensorInfo("none", ElementType.I32, List.of(3, 0)),
                            new TensorInfo("one", ElementType.F64, List.of()));
            assertThat(file.tensor("a").toVector()).containsExactly(1, -2);
            assertThat(file.tensor("b").toMatrix()).isDeepEqualTo(new float[][] {{1.5f}, {-2.5f}});
            assertThat(file.tensor("one").doubleAt(0)).isEqualTo(0.1);
            assertThat(file.tensor("ids").longAt(0)).isEqualTo(Long.MIN_VALUE);
            assertThat(file.tensor("none").data().byteSize()).isZero();
        }
    }

    @Test
    void tensorsOfOtherTypesAreListedButNotRead() {
        SafetensorsFile file = SafetensorsFile.of(Fixtures.file(HEADER, DATA), "a file");

        assertThat(file.unreadable())
                .containsExactly(
                        new SkippedTensor("mask", "BOOL", List.of(2), "elements of type BOOL"),
                        new SkippedTensor("packed", "F4", List.of(3, 2), "elements of type F4"));
        assertThat(file.contains("mask")).isTrue();
        assertThatThrownBy(() -> file.tensor("mask"))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("a file: mask: elements of type BOOL cannot be read");
    }

    @Test
    void unknownTensorIsRefused() {
        SafetensorsFile file = SafetensorsFile.of(Fixtures.file(HEADER, DATA), "a file");

        assertThat(file.contains("c")).isFalse();
        assertThatThrownBy(() -> file.tensor("c"))
                .isInstanceOf(CheckpointException.class)
                .hasMessage("a file: c: no such tensor");
    }

    @Test
    void mappedFileReadsAsBytesInMemoryDo(@TempDir Path folder) throws IOException {
        Path path = Files.write(folder.resolve("x.safetensors"), Fixtures.file(HEADER, DATA));

        Tensor tensor;
        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            tensor = file.tensor("b");
            assertThat(tensor.toMatrix()).isDeepEqualTo(new float[][] {{1.5f}, {-2.5f}});
            assertThat(tensor.data().isReadOnly()).isTrue();
        }
        assertThatThrownBy(() -> tensor.at(0)).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void dataOfBytesInMemoryCannotBeWritten() {
        Tensor tensor = SafetensorsFile.of(MemorySegment.ofArray(Fixtures.file(HEADER, DATA)), "a file")
                .tensor("b");

        assertThat(tensor.data().isReadOnly()).isTrue();
    }

    @Test
    void missingFileIsRefused(@TempDir Path folder) {
        assertThatThrownBy(() -> SafetensorsFile.open(folder.resolve("x.safetensors")))
                .isInstanceOf(CheckpointException.class)
                .hasMessageEndingWith("x.safetensors: no such file");
        assertThatThrownBy(() -> SafetensorsFile.open(folder)).isInstanceOf(CheckpointException.class);
    }

    @Test
    void everyTruncationIsRefused() {
        byte[] whole = Fixtures.file(HEADER, DATA);
        for (int length = 0; length < whole.length; length++) {
            byte[] cut = Arrays.copyOf(whole, length);
            assertThatThrownBy(() -> SafetensorsFile.of(cut, "cut"))
                    .as("%s bytes", length)
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith("cut: ");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "0, expected a header that begins with '{'",
        "1000, header of 1000 bytes does not fit into the file of 66 bytes",
        "59, header of 59 bytes does not fit into the file of 66 bytes",
        "100000001, 'expected a header of at most 100000000 bytes, the file says 100000001'",
        "-1, 'expected a header of at most 100000000 bytes, the file says 18446744073709551615'",
        "-9223372036854775808, 'at most 100000000 bytes, the file says 9223372036854775808'",
        "9223372036854775807, 'at most 100000000 bytes, the file says 9223372036854775807'",
        "40, 'header: expected JSON, found: Unexpected end-of-input'",
    })
    void wrongHeaderLengthIsRefused(long length, String message) {
        byte[] file = Fixtures.file("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}      ", (byte) 1);
        file = Arrays.copyOf(file, 66);
        ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putLong(0, length);

        assertRefused(file, message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'[]'                                                    | begins with '{'",
                "' {}'                                                   | begins with '{'",
                "'{'                                                     | header: expected JSON, found: Unexpected"
                        + " end",
                "'{}}'                                                   | header: expected JSON",
                "'{} {}'                                                 | expected nothing after the JSON object",
                "{\"a\":1}                                               | x: a: expected an object, found an integer"
                        + " 1",
                "{\"a\":null}                                            | x: a: expected an object",
                "{\"a\":{}}                                              | x: a: dtype is missing",
                "{\"a\":{\"dtype\":\"F32\"}}                             | x: a: shape is missing",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}               | x: a: data_offsets is missing",
                "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"stride\":[1]}}   | x: a: expected dtype, shape and"
                        + " data_offsets",
                "{\"a\":{\"dtype\":\"F33\"}}                             | a: dtype: expected an element type",
                "{\"a\":{\"dtype\":\"f32\"}}                             | of the safetensors format, found f32",
                "{\"a\":{\"dtype\":5}}                                   | a: dtype: expected a string, found an"
                        + " integer 5",
                "{\"a\":{\"shape\":4}}                                   | a: shape: expected an array, found an"
                        + " integer 4",
                "{\"a\":{\"shape\":[-1]}}                                | a: shape: expected sizes from 0",
                "{\"a\":{\"shape\":[2147483648]}}                        | 0 to 2147483647, found 2147483648",
                "{\"a\":{\"shape\":[99999999999999999999]}}              | header: expected JSON, found: Numeric value",
                "{\"a\":{\"shape\":[1.0]}}                               | a: shape: expected an integer",
                "{\"a\":{\"shape\":[\"1\"]}}                             | a: shape: expected an integer, found a"
                        + " string 1",
                "{\"a\":{\"shape\":[[1]]}}                               | a: shape: expected an integer, found an"
                        + " array",
                "{\"a\":{\"shape\":[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]}} | expected at most 16 dimensions",
                "{\"a\":{\"data_offsets\":[0]}}                          | expected begin and end, found [0]",
                "{\"a\":{\"data_offsets\":[0,4,8]}}                      | found more than two numbers",
                "{\"a\":{\"data_offsets\":{}}}                           | a: data_offsets: expected an array",
                "{\"a\":{\"dtype\":\"F32\"},\"a\":{}}                    | x: a: shape is missing",
                "{\"a\":{\"dtype\":\"F32\",\"dtype\":\"F32\"}}           | header: expected JSON, found: Duplicate",
                "{\"__metadata__\":[]}                                   | __metadata__: expected an object",
                "{\"__metadata__\":{\"n\":1}}                            | __metadata__.n: expected a string",
                "{\"__metadata__\":{\"n\":\"\",\"n\":\"\"}}              | header: expected JSON, found: Duplicate",
                "{\"a\":{\"x\":[[[[[[[[[[[[[[[[[[[[                      | expected dtype, shape and data_offsets",
            })
    void malformedHeaderIsRefused(String header, String message) {
        assertRefused(Fixtures.file(header), message);
    }

    @Test
    void headerIsNotPaddedWithZeros() {
        assertRefused(Fixtures.file("{}\0\0\0\0\0\0"), "header: expected JSON");
    }

    @Test
    void secondTensorOfANameIsRefused() {
        String tensor = "\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}";

        assertRefused(
                Fixtures.file("{" + tensor + "," + tensor + "}", (byte) 1),
                "header: expected JSON, found: Duplicate Object property \"a\"");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "F32  | [2]   | 0, 4 | expected 8 bytes for F32 [2], data_offsets [0, 4] span 4",
                "BF16 | [2,3] | 0, 8 | expected 12 bytes for BF16 [2][3], data_offsets [0, 8] span 8",
                "U8   | [8]   | 1, 9 | expected data_offsets within the 8 bytes of data, found [1, 9]",
                "U8   | [8]   | 8, 0 | expected data_offsets within the 8 bytes of data, found [8, 0]",
                "U8   | [8]   | -8, 0 | expected data_offsets within the 8 bytes of data, found [-8, 0]",
                "U8   | [7]   | 0, 7 | expected 7 bytes of data as in the header, the file has 8",
                "U8   | [7]   | 1, 8 | expected its data to begin at offset 0, where the tensor before it ends, found"
                        + " 1",
                "F4   | [17]  | 0, 8 | expected whole bytes, F4 [17] has 68 bits",
                "F64  | [2147483647,2147483647,2] | 0, 8 | has more elements than a file can hold",
                "F64  | [2147483647,2147483647,2147483647,0] | 0, 0 | has more elements than a file can hold",
            })
    void dataThatDoNotFitAreRefused(String type, String shape, String offsets, String message) {
        String header =
                "{\"a\":{\"dtype\":\"" + type + "\",\"shape\":" + shape + ",\"data_offsets\":[" + offsets + "]}}";

        assertRefused(Fixtures.file(header, new byte[8]), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "0,4 | 2,6 | x: b: expected its data to begin at offset 4, where the tensor before it ends, found 2:"
                        + " tensors overlap",
                "0,4 | 0,4 | x: b: expected its data to begin at offset 4, where the tensor before it ends, found 0:"
                        + " tensors overlap",
                "0,4 | 5,9 | x: b: expected its data to begin at offset 4, where the tensor before it ends, found 5: a"
                        + " hole",
            })
    void overlapsAndHolesAreRefused(String first, String second, String message) {
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + first
                + "]},\"b\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[" + second + "]}}";

        assertRefused(Fixtures.file(header, new byte[9]), message);
    }

    @Test
    void headerMustBeUtf8() {
        byte[] utf16 = "{}".getBytes(StandardCharsets.UTF_16LE);
        byte[] file = ByteBuffer.allocate(8 + utf16.length)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(utf16.length)
                .put(utf16)
                .array();
        assertRefused(file, "header: expected JSON");

        byte[] broken = Fixtures.file("{\"?\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}}");
        broken[10] = (byte) 0xc3;
        assertRefused(broken, "header: expected UTF-8");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{}", "{}      ", "{\"__metadata__\":{}}"})
    void fileWithoutTensorsIsOne(String header) {
        assertThat(SafetensorsFile.of(Fixtures.file(header), "x").tensors()).isEmpty();
    }

    @Test
    void largeHeaderIsReadInPieces() {
        // Long enough for several reads, names and numbers across their borders.
        StringBuilder header = new StringBuilder("{");
        for (int i = 0; i < 20_000; i++) {
            header.append(i == 0 ? "" : ",")
                    .append("\"tensor.")
                    .append(i)
                    .append("\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[")
                    .append(i)
                    .append(',')
                    .append(i + 1)
                    .append("]}");
        }
        SafetensorsFile file = SafetensorsFile.of(Fixtures.file(header + "}", new byte[20_000]), "x");

        assertThat(file.unreadable()).hasSize(20_000);
        assertThat(IntStream.range(0, 20_000)).allMatch(i -> file.contains("tensor." + i));
    }

    @Test
    void fileBeyondTwoGibibytesIsMapped(@TempDir Path folder) throws IOException {
        // Sparse: three matrices of 1 GiB and a few numbers behind them.
        long gibibyte = 1L << 30;
        String header = "{\"a\":{\"dtype\":\"F32\",\"shape\":[16384,16384],\"data_offsets\":[0," + gibibyte
                + "]},\"b\":{\"dtype\":\"F32\",\"shape\":[16384,16384],\"data_offsets\":[" + gibibyte + ","
                + 2 * gibibyte
                + "]},\"c\":{\"dtype\":\"F32\",\"shape\":[16384,16384],\"data_offsets\":[" + 2 * gibibyte + ","
                + 3 * gibibyte + "]},\"last\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[" + 3 * gibibyte + ","
                + (3 * gibibyte + 8) + "]}}";
        byte[] head = Fixtures.file(header);
        Path path = folder.resolve("sparse.safetensors");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.write(head);
            file.setLength(head.length + 3 * gibibyte + 8);
            file.seek(head.length + 3 * gibibyte);
            file.write(ByteBuffer.allocate(8)
                    .order(ByteOrder.LITTLE_ENDIAN)
                    .putFloat(3)
                    .putFloat(4)
                    .array());
        }

        try (SafetensorsFile file = SafetensorsFile.open(path)) {
            assertThat(file.tensor("last").toVector()).containsExactly(3, 4);
            assertThat(file.tensor("c").at(16384L * 16384 - 1)).isZero();
            assertThat(file.tensor("c").row(16383)).hasSize(16384).containsOnly(0);
        }
    }

    private static void assertRefused(byte[] file, String message) {
        assertThatThrownBy(() -> SafetensorsFile.of(file, "x"))
                .isInstanceOf(CheckpointException.class)
                .hasMessageStartingWith("x: ")
                .hasMessageContaining(message);
    }
}
