package dev.assay.checkpoint;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.ModelConfig;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Damaged files end in a checkpoint whose every element can be read, or in a [CheckpointException], nothing else.
///
/// `-Dassay.fuzz.inputs` sets how many are tried, `-Dassay.fuzz.seed` which.
class CheckpointFuzzTest {
    private static final int INPUTS = Integer.getInteger("assay.fuzz.inputs", 100_000);
    private static final long SEED = Long.getLong("assay.fuzz.seed", 20_261_123L);

    /// What hurts headers and indexes more than random bytes do.
    private static final List<String> TOKENS = List.of(
            "null",
            "-1",
            "0",
            "1e3",
            "4.0",
            "2147483647",
            "2147483648",
            "9223372036854775807",
            "9223372036854775808",
            "99999999999999999999999999",
            "[]",
            "{}",
            "[[[[",
            "{\"a\":",
            "\"\"",
            "\"",
            ",",
            ":",
            "}",
            "]",
            "\\u0000",
            "\\ud800",
            "\"F64\"",
            "\"F8_E4M3\"",
            "\"I64\"",
            "\"U8\"",
            "\"F4\"",
            "\"BOOL\"",
            "\"dtype\"",
            "\"shape\"",
            "\"data_offsets\"",
            "\"__metadata__\"",
            "[0,0]",
            "\"../x\"",
            "\"/etc/passwd\"",
            "\"model-00001-of-00002.safetensors\"");

    private int opened;

    private int refused;

    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void damagedFileIsReadOrRefused() {
        List<byte[]> files = seeds();
        SplittableRandom random = new SplittableRandom(SEED);
        for (int input = 0; input < INPUTS; input++) {
            byte[] file = damage(files.get(random.nextInt(files.size())), files, random);
            try (SafetensorsFile damaged = SafetensorsFile.of(file, "x")) {
                for (TensorInfo info : damaged.tensors()) {
                    read(damaged.tensor(info.name()));
                }
                opened++;
            } catch (CheckpointException e) {
                checkRefusal(e);
            } catch (RuntimeException | Error escaped) {
                throw escaped(input, file, escaped);
            }
        }
        checkOutcomes(INPUTS, INPUTS / 20);
    }

    /// Tensors of a damaged file against the layout of a model, as opening a folder does.
    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void damagedCheckpointIsReadOrRefused() {
        ModelConfig config = Fixtures.config(Fixtures.DEEPSEEK_V3);
        byte[] whole = bytes(SyntheticWeights.forShape(config, ElementType.F8_E4M3, 1));
        SplittableRandom random = new SplittableRandom(SEED + 1);
        int inputs = INPUTS / 10;
        for (int input = 0; input < inputs; input++) {
            byte[] file = damage(whole, List.of(whole), random);
            try (SafetensorsFile damaged = SafetensorsFile.of(file, "x");
                    Checkpoint checkpoint = LoadedCheckpoint.of(config, "x", damaged.stored(), null, () -> {})) {
                for (TensorInfo info : checkpoint.tensors()) {
                    read(checkpoint.tensor(
                            info.name(),
                            info.shape().stream().mapToInt(Integer::intValue).toArray()));
                }
                opened++;
            } catch (CheckpointException e) {
                checkRefusal(e);
            } catch (RuntimeException | Error escaped) {
                throw escaped(input, file, escaped);
            }
        }
        checkOutcomes(inputs, inputs / 20);
    }

    /// Damaged indexes over sound shards.
    @Test
    @Timeout(value = 30, unit = TimeUnit.MINUTES)
    void damagedIndexIsReadOrRefused() {
        ModelConfig config = Fixtures.config(Fixtures.QWEN_3);
        List<SyntheticTensor> tensors = Fixtures.weights(Fixtures.QWEN_3).tensors();
        Map<String, SafetensorsFile> shards = new TreeMap<>();
        StringBuilder text = new StringBuilder("{\"metadata\":{\"total_size\":12345},\"weight_map\":{");
        for (int i = 0; i < tensors.size(); i++) {
            text.append(i == 0 ? "" : ",")
                    .append("\"%s\":\"%s\"".formatted(tensors.get(i).info().name(), Fixtures.shard(i < 9 ? 1 : 2)));
        }
        byte[] whole = text.append("}}").toString().getBytes(StandardCharsets.UTF_8);
        shards.put(
                Fixtures.shard(1), SafetensorsFile.of(bytes(new SyntheticWeights(1, tensors.subList(0, 9))), "first"));
        shards.put(
                Fixtures.shard(2),
                SafetensorsFile.of(bytes(new SyntheticWeights(1, tensors.subList(9, tensors.size()))), "second"));
        SplittableRandom random = new SplittableRandom(SEED + 2);
        int inputs = INPUTS / 5;
        for (int input = 0; input < inputs; input++) {
            byte[] damaged = damageText(whole, List.of(whole), random);
            try {
                ShardIndex index = ShardIndex.parse(new ByteArrayInputStream(damaged), "x");
                List<StoredTensor> stored = index.match(shards, "x");
                read(LoadedCheckpoint.of(config, "x", stored, null, () -> {}).tensor("model.norm.weight", 20));
                opened++;
            } catch (CheckpointException e) {
                checkRefusal(e);
            } catch (RuntimeException | Error escaped) {
                throw escaped(input, damaged, escaped);
            }
        }
        // Nearly every byte of an index matters.
        checkOutcomes(inputs, inputs / 200);
    }

    private void checkRefusal(CheckpointException refusal) {
        if (!String.valueOf(refusal.getMessage()).startsWith("x: ")) {
            throw new AssertionError(refusal);
        }
        refused++;
    }

    private void checkOutcomes(int inputs, int leastOpened) {
        assertThat(opened + refused).isEqualTo(inputs);
        // Too much damage would only test the JSON parser, too little nothing.
        assertThat(opened).isGreaterThan(leastOpened);
        assertThat(refused).isGreaterThan(inputs / 4);
    }

    /// Small valid files of every type, shape and order.
    private static List<byte[]> seeds() {
        List<byte[]> files = new ArrayList<>();
        files.add(bytes(Fixtures.weights(Fixtures.QWEN_3.replace("_layers\": 2", "_layers\": 1"))));
        files.add(bytes(new SyntheticWeights(
                1,
                List.of(
                        Fixtures.tensor("a", ElementType.F32, 2, 3),
                        Fixtures.tensor("b", ElementType.BF16, 0, 3),
                        Fixtures.tensor("c", ElementType.F8_E4M3, 2, 1, 3),
                        Fixtures.tensor("d", ElementType.F16),
                        Fixtures.tensor("e", ElementType.F32, 5)))));
        files.add(Fixtures.file(
                "{\"x\":{\"dtype\":\"F64\",\"shape\":[2],\"data_offsets\":[8,24]},"
                        + "\"y\":{\"dtype\":\"I64\",\"shape\":[1],\"data_offsets\":[0,8]},"
                        + "\"z\":{\"dtype\":\"I32\",\"shape\":[1,1],\"data_offsets\":[24,28]},"
                        + "\"u\":{\"dtype\":\"BOOL\",\"shape\":[1,3],\"data_offsets\":[28,31]}}",
                new byte[31]));
        files.add(Fixtures.file("{}"));
        return files;
    }

    private static byte[] bytes(SyntheticWeights weights) {
        try {
            Path file = Files.createTempFile("fuzz", ".safetensors");
            weights.writeSafetensors(file);
            byte[] bytes = Files.readAllBytes(file);
            Files.delete(file);
            return bytes;
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// Reads every element in every way.
    private static void read(Tensor tensor) {
        long elements = tensor.info().elements();
        if (!tensor.info().type().isFloatingPoint()) {
            for (long i = 0; i < elements; i++) {
                tensor.longAt(i);
            }
            return;
        }
        // Rows are decoded by other code, and all of them are.
        for (long i = 0; i < elements; i += 7) {
            if (Float.compare(tensor.at(i), (float) tensor.doubleAt(i)) != 0) {
                throw new AssertionError(tensor.info().name() + " at " + i);
            }
        }
        int rank = tensor.info().shape().size();
        long decoded = rank == 1 ? tensor.toVector().length : elements;
        if (rank == 2) {
            decoded = 0;
            for (float[] row : tensor.toMatrix()) {
                decoded += row.length;
            }
        }
        if (decoded != elements) {
            throw new AssertionError(tensor.info().name() + ": " + decoded + " of " + elements);
        }
        tensor.firstNotFinite();
    }

    /// One to three hits, mostly on the length and the header; half the time the length is set right again.
    private static byte[] damage(byte[] whole, List<byte[]> others, SplittableRandom random) {
        int headerBytes =
                (int) ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getLong();
        return switch (random.nextInt(8)) {
            case 0 -> {
                byte[] file = whole.clone();
                file[random.nextInt(file.length)] ^= (byte) (1 << random.nextInt(8));
                yield file;
            }
            case 1 -> {
                byte[] file = whole.clone();
                file[random.nextInt(8)] = (byte) random.nextInt();
                yield file;
            }
            case 2 -> Arrays.copyOf(whole, random.nextInt(whole.length));
            case 3 -> Arrays.copyOf(whole, whole.length + 1 + random.nextInt(64));
            case 4 -> {
                byte[] other = others.get(random.nextInt(others.size()));
                yield concat(
                        Arrays.copyOf(whole, random.nextInt(whole.length)),
                        Arrays.copyOfRange(other, random.nextInt(other.length), other.length));
            }
            case 5 -> {
                byte[] file = whole.clone();
                int data = whole.length - 8 - headerBytes;
                if (data > 0) {
                    file[8 + headerBytes + random.nextInt(data)] = (byte) random.nextInt();
                }
                yield file;
            }
            default -> {
                byte[] header = Arrays.copyOfRange(whole, 8, 8 + headerBytes);
                byte[] other = others.get(random.nextInt(others.size()));
                int otherBytes = (int)
                        ByteBuffer.wrap(other).order(ByteOrder.LITTLE_ENDIAN).getLong();
                byte[] damaged = damageText(header, List.of(Arrays.copyOfRange(other, 8, 8 + otherBytes)), random);
                yield Fixtures.file(
                        new String(damaged, StandardCharsets.ISO_8859_1),
                        Arrays.copyOfRange(whole, 8 + headerBytes, whole.length));
            }
        };
    }

    private static byte[] damageText(byte[] whole, List<byte[]> others, SplittableRandom random) {
        StringBuilder text = new StringBuilder(new String(whole, StandardCharsets.ISO_8859_1));
        for (int hits = 1 + random.nextInt(3); hits > 0 && !text.isEmpty(); hits--) {
            int at = random.nextInt(text.length());
            switch (random.nextInt(8)) {
                case 0 -> text.setCharAt(at, (char) (text.charAt(at) ^ (1 << random.nextInt(7))));
                case 1 -> text.setCharAt(at, (char) random.nextInt(256));
                case 2 -> text.setLength(at);
                case 3 -> text.insert(at, TOKENS.get(random.nextInt(TOKENS.size())));
                case 4 -> digit(text, at, random);
                case 5 -> token(text, at, random);
                case 6 -> text.insert(at, " ");
                default -> splice(text, at, others.get(random.nextInt(others.size())), random);
            }
        }
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    /// Changes the next digit: the number stays a number.
    private static void digit(StringBuilder text, int from, SplittableRandom random) {
        for (int i = from; i < text.length(); i++) {
            if (Character.isDigit(text.charAt(i))) {
                text.setCharAt(i, (char) ('0' + random.nextInt(10)));
                return;
            }
        }
    }

    /// Replaces a value between its colon and the next comma.
    private static void token(StringBuilder text, int from, SplittableRandom random) {
        int colon = text.indexOf(":", from);
        int comma = text.indexOf(",", colon);
        if (colon >= 0 && comma >= 0) {
            text.replace(colon + 1, comma, TOKENS.get(random.nextInt(TOKENS.size())));
        }
    }

    /// Goes over into another text, at a comma of each.
    private static void splice(StringBuilder text, int at, byte[] other, SplittableRandom random) {
        String rest = new String(other, StandardCharsets.ISO_8859_1);
        int from = rest.indexOf(',', random.nextInt(rest.length()));
        int to = text.indexOf(",", at);
        if (from >= 0 && to >= 0) {
            text.replace(to, text.length(), rest.substring(from));
        }
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static AssertionError escaped(int input, byte[] file, Throwable escaped) {
        return new AssertionError(
                "seed " + SEED + ", input " + input + ":\n" + new String(file, StandardCharsets.ISO_8859_1), escaped);
    }
}
