package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.assay.checkpoint.SyntheticTensor.Rounding;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class SyntheticWeightsTest {
    @Test
    void elementsAgreeWithThePythonGenerator() {
        int compared = 0;
        for (JsonNode stream : Fixtures.json("synthesis/vectors.json").get("streams")) {
            String name = stream.get("name").asString();
            long seed = stream.get("seed").asLong();
            int count = stream.get("count").asInt();
            long key = Synthesis.key(seed, name);
            assertThat(hex(Synthesis.fnv1a64(name)))
                    .isEqualTo(stream.get("fnv1a64").asString());
            assertThat(hex(key)).isEqualTo(stream.get("key").asString());
            for (int i = 0; i < count; i++) {
                assertThat(hex(Synthesis.bits(key, i)))
                        .isEqualTo(stream.get("words").get(i).asString());
            }
            for (ElementType type : List.of(ElementType.F32, ElementType.F16, ElementType.BF16, ElementType.F8_E4M3)) {
                SyntheticTensor tensor = new SyntheticTensor(
                        new TensorInfo(name, type, List.of(count)),
                        stream.get("mean").asDouble(),
                        stream.get("std").asDouble());
                byte[] elements = elements(seed, tensor, 0, count);
                for (int i = 0; i < count; i++) {
                    byte[] element = Arrays.copyOfRange(elements, i * type.bytes(), (i + 1) * type.bytes());
                    assertThat(HexFormat.of().formatHex(reversed(element)))
                            .as("%s %s %s", name, type, i)
                            .isEqualTo(stream.get(type.name()).get(i).asString());
                    compared++;
                }
            }
        }
        assertThat(compared).isGreaterThan(100);
    }

    private static byte[] reversed(byte[] bytes) {
        byte[] reversed = new byte[bytes.length];
        for (int i = 0; i < bytes.length; i++) {
            reversed[i] = bytes[bytes.length - 1 - i];
        }
        return reversed;
    }

    private static String hex(long bits) {
        return HexFormat.of().toHexDigits(bits);
    }

    private static byte[] elements(long seed, SyntheticTensor tensor, long from, long to) {
        byte[] elements = new byte[(int) (to - from) * tensor.info().type().bytes()];
        Synthesis.fill(seed, tensor, from, to, MemorySegment.ofArray(elements));
        return elements;
    }

    /// Checkpoints of golden cases, as the Python generator made them.
    @ParameterizedTest
    @ValueSource(strings = {"qwen3-f16", "qwen3-f32", "deepseek-v3-base", "deepseek-v3-fp8"})
    void filesAgreeWithThePythonGenerator(String goldenCase, @TempDir Path folder) throws Exception {
        JsonNode golden = Fixtures.json("synthesis/" + goldenCase + ".json");
        SyntheticWeights weights = weights(golden);
        Path file = folder.resolve("model.safetensors");

        weights.writeSafetensors(file);

        assertThat(sha256(file)).isEqualTo(golden.get("sha256").asString());
        assertThat(weights.sha256()).isEqualTo(golden.get("sha256").asString());
    }

    private static SyntheticWeights weights(JsonNode golden) {
        List<SyntheticTensor> tensors = new ArrayList<>();
        for (JsonNode row : golden.get("tensors")) {
            List<Integer> shape = new ArrayList<>();
            row.get("shape").forEach(size -> shape.add(size.asInt()));
            String name = row.get("name").asString();
            tensors.add(new SyntheticTensor(
                    new TensorInfo(name, ElementType.valueOf(row.get("dtype").asString()), shape),
                    row.get("mean").asDouble(),
                    row.get("std").asDouble(),
                    row.has("values_of") ? row.get("values_of").asString() : name,
                    Rounding.TO_TYPE));
        }
        // The file must not depend on the order of the list.
        Collections.shuffle(tensors, new Random(5));
        return new SyntheticWeights(golden.get("seed").asLong(), tensors);
    }

    private static String sha256(Path file) throws IOException, NoSuchAlgorithmException {
        return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16", "F8_E4M3"})
    void partsAreThoseOfTheWhole(ElementType type) {
        // More elements than one thread makes at a time, and no whole number of pieces.
        int count = 600_001;
        SyntheticTensor tensor = Fixtures.tensor("x", type, count);
        byte[] whole = elements(9, tensor, 0, count);
        int size = type.bytes();
        for (int from : new int[] {0, 1, 4095, 4097, 300_000}) {
            for (int to : new int[] {from, from + 1, from + 5000, count}) {
                assertThat(elements(9, tensor, from, to)).isEqualTo(Arrays.copyOfRange(whole, from * size, to * size));
            }
        }
    }

    @Test
    void whatIsRoundedToBlocksOf8BitsThoseHoldExactly() {
        TensorInfo info = new TensorInfo("x", ElementType.F32, List.of(50, 64));
        int count = (int) info.elements();
        SyntheticTensor tensor = new SyntheticTensor(info, 0, 0.1, "x", Rounding.TO_Q8_0);
        float[] numbers = new float[count];
        ByteBuffer.wrap(elements(9, tensor, 0, count))
                .order(ByteOrder.LITTLE_ENDIAN)
                .asFloatBuffer()
                .get(numbers);

        ByteBuffer blocks =
                ByteBuffer.allocate(count / Q8Blocks.NUMBERS * Q8Blocks.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        Q8Blocks.encode(numbers, blocks);
        blocks.flip();
        float[] read = new float[count];
        for (int from = 0; from < count; from += Q8Blocks.NUMBERS) {
            float scale = Float.float16ToFloat(blocks.getShort());
            for (int i = from; i < from + Q8Blocks.NUMBERS; i++) {
                read[i] = scale * blocks.get();
            }
        }
        assertThat(read).containsExactly(numbers);
    }

    @Test
    void onlyRowsOfWholeBlocksOfF32AreRoundedToThem() {
        TensorInfo halves = new TensorInfo("x", ElementType.F16, List.of(2, 64));
        TensorInfo ragged = new TensorInfo("x", ElementType.F32, List.of(2, 48));

        for (TensorInfo info : List.of(halves, ragged)) {
            assertThatThrownBy(() -> new SyntheticTensor(info, 0, 1, "x", Rounding.TO_Q8_0))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("x: expected F32 in rows of whole blocks of 32 to round to Q8_0, found " + info.type()
                            + " " + info.shape());
        }
    }

    @Test
    void numbersHaveTheMeanAndStandardDeviationAskedFor() {
        int count = 1_000_000;
        TensorInfo info = new TensorInfo("x", ElementType.F32, List.of(count));
        Tensor tensor = new Tensor(
                info, MemorySegment.ofArray(elements(9, new SyntheticTensor(info, 1, 0.25), 0, count)), null);

        double mean = 0;
        double largest = 0;
        for (int i = 0; i < count; i++) {
            mean += tensor.at(i) / count;
            largest = Math.max(largest, Math.abs(tensor.at(i) - 1));
        }
        double variance = 0;
        for (int i = 0; i < count; i++) {
            variance += Math.pow(tensor.at(i) - mean, 2) / count;
        }
        // Four standard errors: std / √n and std / √(2n).
        assertThat(mean).isCloseTo(1, within(4 * 0.25 / Math.sqrt(count)));
        assertThat(Math.sqrt(variance)).isCloseTo(0.25, within(4 * 0.25 / Math.sqrt(2 * count)));
        assertThat(largest).isBetween(3 * 0.25, 3.47 * 0.25);
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "F16", "BF16"})
    void checkpointInMemoryIsThatOfTheFile(ElementType type, @TempDir Path folder) {
        for (String config : List.of(Fixtures.QWEN_3, Fixtures.LLAMA_3, Fixtures.DEEPSEEK_V3)) {
            assertSameInMemory(config, type, folder.resolve("x" + config.hashCode()));
        }
    }

    @Test
    void fp8CheckpointInMemoryIsThatOfTheFile(@TempDir Path folder) {
        assertSameInMemory(Fixtures.DEEPSEEK_V3, ElementType.F8_E4M3, folder);
    }

    private static void assertSameInMemory(String config, ElementType type, Path folder) {
        SyntheticWeights weights = SyntheticWeights.forShape(Fixtures.config(config), type, 11);
        Fixtures.write(folder, config, weights);
        try (Checkpoint inMemory = weights.checkpoint(Fixtures.config(config));
                Checkpoint onDisk = Checkpoint.open(folder)) {
            assertThat(inMemory.config()).isEqualTo(onDisk.config());
            assertThat(inMemory.tensors()).isEqualTo(onDisk.tensors()).isNotEmpty();
            inMemory.checkFinite();
            for (TensorInfo info : onDisk.tensors()) {
                int[] shape = info.shape().stream().mapToInt(Integer::intValue).toArray();
                Tensor expected = onDisk.tensor(info.name(), shape);
                Tensor actual = inMemory.tensor(info.name(), shape);
                assertThat(actual.data().mismatch(expected.data())).isEqualTo(-1);
                assertThat(actual.scales() == null).isEqualTo(expected.scales() == null);
                assertThat(actual.at(info.elements() - 1)).isEqualTo(expected.at(info.elements() - 1));
            }
        }
    }

    @Test
    void fp8MatricesHaveScalesAndTheRightSize() {
        SyntheticWeights weights =
                SyntheticWeights.forShape(Fixtures.config(Fixtures.DEEPSEEK_V3), ElementType.F8_E4M3, 1);
        try (Checkpoint checkpoint = weights.checkpoint(Fixtures.config(Fixtures.DEEPSEEK_V3))) {
            Tensor down = checkpoint.tensor("model.layers.0.mlp.down_proj.weight", 20, 28);
            double squares = 0;
            for (float[] row : down.toMatrix()) {
                for (float value : row) {
                    squares += (double) value * value;
                }
            }
            assertThat(down.info().type()).isEqualTo(ElementType.F8_E4M3);
            assertThat(Math.sqrt(squares / 560)).isCloseTo(1 / Math.sqrt(28), within(0.3 / Math.sqrt(28)));
            assertThat(checkpoint
                            .tensor("model.layers.1.mlp.gate.weight", 4, 20)
                            .info()
                            .type())
                    .isEqualTo(ElementType.BF16);
            assertThat(checkpoint.tensor("model.norm.weight", 20).info().type()).isEqualTo(ElementType.BF16);
            assertThat(checkpoint
                            .tensor("model.layers.1.mlp.gate.e_score_correction_bias", 4)
                            .info()
                            .type())
                    .isEqualTo(ElementType.F32);
        }
        assertThatThrownBy(() -> SyntheticWeights.forShape(Fixtures.config(Fixtures.QWEN_3), ElementType.F8_E4M3, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("weight_block_size");
    }

    @Test
    void wrongTensorsAreRefused() {
        SyntheticWeights weights = Fixtures.changed(Fixtures.weights(Fixtures.QWEN_3), tensors -> {
            tensors.removeIf(tensor -> tensor.info().name().equals("model.norm.weight"));
            return tensors;
        });

        assertThatThrownBy(() -> weights.checkpoint(Fixtures.config(Fixtures.QWEN_3)))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "assay-synthetic/1 with seed 7: model.norm.weight: expected [20], the checkpoint has no such"
                                + " tensor");
        assertThatThrownBy(() -> Fixtures.tensor("x", ElementType.I64, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SyntheticTensor(new TensorInfo("x", ElementType.F32, List.of()), 0, Double.NaN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> new SyntheticWeights(
                        1, List.of(Fixtures.tensor("x", ElementType.F32, 1), Fixtures.tensor("x", ElementType.F32, 2))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("x: expected once, found twice");
    }

    @Test
    void closedCheckpointMakesNothing() {
        Checkpoint checkpoint = Fixtures.weights(Fixtures.QWEN_3).checkpoint(Fixtures.config(Fixtures.QWEN_3));
        Tensor norm = checkpoint.tensor("model.norm.weight", 20);
        checkpoint.close();
        checkpoint.close();

        assertThatThrownBy(() -> norm.at(0)).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> checkpoint.tensor("model.embed_tokens.weight", 33, 20))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void headerIsByteForByteThatOfTheFormat(@TempDir Path folder) throws IOException {
        // A slash, a quotation mark, and names whose UTF-16 order is not their byte order.
        SyntheticWeights weights = new SyntheticWeights(
                1,
                List.of(
                        Fixtures.tensor("\ud83d\ude00", ElementType.F32, 1),
                        Fixtures.tensor("\uff5e", ElementType.F8_E4M3),
                        Fixtures.tensor("a/\"é\u007f\n", ElementType.BF16, 0, 3)));
        Path file = folder.resolve("x.safetensors");

        weights.writeSafetensors(file);

        byte[] bytes = Files.readAllBytes(file);
        int length = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt();
        assertThat(length % 8).isZero();
        assertThat(new String(bytes, 8, length, StandardCharsets.ISO_8859_1).stripTrailing())
                .isEqualTo("{\"__metadata__\":{\"format\":\"pt\"},"
                        + "\"a/\\\"\\u00e9\u007f\\n\":{\"dtype\":\"BF16\",\"shape\":[0,3],\"data_offsets\":[0,0]},"
                        + "\"\\uff5e\":{\"dtype\":\"F8_E4M3\",\"shape\":[],\"data_offsets\":[0,1]},"
                        + "\"\\ud83d\\ude00\":{\"dtype\":\"F32\",\"shape\":[1],\"data_offsets\":[1,5]}}");
        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.contains("\ud83d\ude00")).isTrue();
            assertThat(read.tensor("a/\"é\u007f\n").info().shape()).containsExactly(0, 3);
        }
    }

    @Test
    void fileIsReplacedWhole(@TempDir Path folder) throws IOException {
        Path file = Files.writeString(folder.resolve("model.safetensors"), "something else");

        Fixtures.weights(Fixtures.QWEN_3).writeSafetensors(file);

        try (SafetensorsFile read = SafetensorsFile.open(file)) {
            assertThat(read.tensors()).isNotEmpty();
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).containsExactly(file);
        }
    }

    @Test
    void interruptedWriteLeavesNothing(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("model.safetensors");
        Thread.currentThread().interrupt();
        try {
            assertThatThrownBy(() -> Fixtures.weights(Fixtures.QWEN_3).writeSafetensors(file))
                    .isInstanceOf(IOException.class);
        } finally {
            assertThat(Thread.interrupted()).isTrue();
        }
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files).isEmpty();
        }
    }

    @Test
    void unwritablePlaceIsAnIoException(@TempDir Path folder) throws IOException {
        SyntheticWeights weights = Fixtures.weights(Fixtures.QWEN_3);
        Path file = Files.writeString(folder.resolve("a file"), "");

        assertThatThrownBy(() -> weights.writeSafetensors(file.resolve("model.safetensors")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> weights.writeSafetensors(folder.resolve("no folder/model.safetensors")))
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> weights.writeSafetensors(folder.getRoot())).isInstanceOf(IOException.class);
    }
}
