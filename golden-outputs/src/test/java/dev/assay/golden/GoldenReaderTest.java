package dev.assay.golden;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.checkpoint.CheckpointException;
import dev.assay.checkpoint.SafetensorsFile;
import dev.assay.config.ConfigException;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GoldenReaderTest {
    /// A real case, taken from the sources.
    private static final Path CASE = Path.of("cases", "qwen3-f32");

    private static final String CONFIG = """
            {"model_type": "llama", "vocab_size": 3, "hidden_size": 2, "intermediate_size": 2, "num_hidden_layers": 1,
             "num_attention_heads": 1, "num_key_value_heads": 1, "tie_word_embeddings": true}""";
    private static final String GOLDEN = """
            {"format": "assay-golden/1", "case": "tiny", "architecture": "LlamaForCausalLM",
             "oracle": {"library": "hand", "version": "1", "dtype": "float64", "attention": "eager"},
             "sha256": {"config.json": "-", "golden.safetensors": "-", "model.safetensors": "-"},
             "synthetic": {"algorithm": "assay-synthetic/1", "seed": 7, "tensors": [
              {"name": "model.embed_tokens.weight", "dtype": "BF16", "shape": [3, 2], "mean": 0.0, "std": 0.5}]},
             "tap_f32_error": {"hidden.0": {"rms": 1e-8, "max": 2e-8}},
             "prompts": [
              {"id": "a", "tokens": [0, 2], "greedy": [1], "greedy_gap": [0.5], "f32_error": {"rms": 3e-7, "max": 5e-7}},
              {"id": "b", "tokens": [1], "greedy": [], "greedy_gap": [], "f32_error": {"rms": 0.0, "max": 0.0}}]}""";

    @TempDir
    private Path folder;

    @Test
    void readsPromptsTapsAndYardsticks() {
        GoldenCase golden = read(Map.of());

        assertThat(golden.id()).isEqualTo("tiny");
        GoldenPrompt prompt = golden.prompts().getFirst();
        assertThat(prompt.tokens()).containsExactly(0, 2);
        assertThat(prompt.logits()).isDeepEqualTo(new double[][] {{0, 1, 2}, {3, 4, 5}});
        assertThat(prompt.taps()).containsOnlyKeys(TapPoint.of(Tap.HIDDEN, 0));
        assertThat(prompt.taps().firstEntry().getValue()).isDeepEqualTo(new double[][] {{0, 1}, {2, 3}});
        assertThat(prompt.routedExperts().get(0)).isDeepEqualTo(new int[][] {{7}, {8}});
        assertThat(golden.yardsticks().get(TapPoint.of(Tap.HIDDEN, 0))).isEqualTo(new FloatError(1e-8, 2e-8));
    }

    @Test
    void poolsTheErrorOfThePromptsByTheirLength() {
        FloatError logits = read(Map.of()).yardsticks().get(TapPoint.LOGITS);

        assertThat(logits).isEqualTo(new FloatError(Math.sqrt(3e-7 * 3e-7 * 6 / 9), 5e-7));
    }

    @Test
    void oneYardstickMissingMeansNone() {
        GoldenCase golden = read(Map.of(", \"f32_error\": {\"rms\": 0.0, \"max\": 0.0}", ""));

        assertThat(golden.yardsticks()).doesNotContainKey(TapPoint.LOGITS);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            "assay-golden/1"           | "assay-golden/2"      | format: expected assay-golden/1, found assay-golden/2
            "case": "tiny",            | ''                    | case: expected a string, found nothing
            "tokens": [0, 2]           | "tokens": [0, 3]      | tokens of prompt a: expected ids from 0 to 2, found 3
            "tokens": [0, 2]           | "tokens": [0, -1]     | tokens of prompt a: expected ids from 0 to 2, found -1
            "tokens": [0, 2]           | "tokens": []          | tokens of prompt a: expected at least one token, found none
            "tokens": [0, 2]           | "tokens": [0]         | a/experts.0: expected shape [1, 1], found [2, 1]
            "id": "b"                  | "id": "a"             | a/experts.0: expected shape [1, 1], found [2, 1]
            "id": "b"                  | "id": "c"             | tensor c/logits is missing
            "greedy_gap": [0.5]        | "greedy_gap": []      | greedy_gap of prompt a: expected 1 numbers, found 0
            {"rms": 3e-7, "max": 5e-7} | {"rms": 9, "max": 5}  | expected 0 <= rms <= max, found rms 9.0, max 5.0
            "hidden.0": {              | "hidden.x": {         | no tap is named hidden.x
            "golden.safetensors": "-", | ''                    | sha256: expected a digest of golden.safetensors, found none
            "model.safetensors": "-"   | "../x": "-"           | sha256: expected files of the case's own folder, found ../x
            "model.safetensors": "-"   | "x.bin": "-"          | x.bin: missing
            "seed": 7                  | "seed": 7.5           | synthetic.seed: expected a 64-bit integer, found 7.5
            "dtype": "BF16"            | "dtype": "BF17"       | synthetic tensor model.embed_tokens.weight
            "std": 0.5                 | "std": -0.5           | synthetic tensor model.embed_tokens.weight
            "std": 0.5                 | "std": 0.5, "rounded_to": "Q4_0" | rounded_to of model.embed_tokens.weight: expected Q8_0, found Q4_0
            "shape": [3, 2]            | "shape": [3, 0]       | expected sizes of at least 1, found 0
            "prompts": [               | "x": [], "prompts": [ | not JSON: Duplicate
            """)
    void refusesWhatIsWrong(String from, String to, String message) {
        String also = message.contains("Duplicate") ? "\"x\": 1, " : "";
        assertThatThrownBy(() -> read(Map.of(from, to, "{\"format\"", "{" + also + "\"format\"")))
                .isInstanceOf(GoldenException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("tiny/");
    }

    @Test
    void refusesWhatIsNotFinite() {
        MemoryFiles files = files(Map.of());
        byte[] tensors = files.read("golden.safetensors").clone();
        int nan = tensors.length - 2 * Integer.BYTES - 4 * Float.BYTES;
        ByteBuffer.wrap(tensors).order(ByteOrder.LITTLE_ENDIAN).putFloat(nan, Float.NaN);
        files.files.put("golden.safetensors", tensors);

        assertThatThrownBy(() -> new GoldenReader(files).read())
                .isInstanceOf(GoldenException.class)
                .hasMessageContaining("expected a finite number, found NaN");
    }

    @Test
    void refusesATensorThatNoPromptOwns() {
        assertThatThrownBy(() -> read(Map.of(",\n  {\"id\": \"b\"", ",\n  {\"id\": \"d\"")))
                .isInstanceOf(GoldenException.class);
    }

    @ParameterizedTest
    @ValueSource(strings = {"config.json", "golden.safetensors"})
    void aFolderWithAnotherFileThanTheDigestSaysIsRefused(String file) throws IOException {
        copyCase();
        byte[] bytes = Files.readAllBytes(folder.resolve(file));
        bytes[bytes.length / 2] ^= 1;
        Files.write(folder.resolve(file), bytes);

        assertThatThrownBy(() -> Goldens.read(folder))
                .isInstanceOf(GoldenException.class)
                .hasMessageStartingWith(folder.resolve(file) + ": expected SHA-256 ");
    }

    @Test
    void aFolderIsReadAsTheBundledCase() throws IOException {
        copyCase();

        GoldenCase golden = Goldens.read(folder);

        assertThat(golden.source()).isEqualTo(folder.toString());
        assertThat(golden.sha256()).isEqualTo(Goldens.bundled("qwen3-f32").sha256());
    }

    @Test
    void aFolderWithoutAGoldenSaysWhatACaseIs() {
        assertThatThrownBy(() -> Goldens.read(folder))
                .isInstanceOf(GoldenException.class)
                .hasMessageContaining("golden.json: missing; a golden case is a folder with config.json");
    }

    /// Flipped, cut and repeated bytes in any file of a case: a value or one of our exceptions, nothing else. The
    /// number of inputs can be raised with `-Dassay.fuzz.inputs`.
    @Test
    void anyDamageIsAValueOrAnErrorOfOurOwn() {
        Random random = new Random(20261123);
        int inputs = Integer.getInteger("assay.fuzz.inputs", 100_000);
        int read = 0;
        for (int i = 0; i < inputs; i++) {
            MemoryFiles files = files(Map.of());
            String file = new String[] {"golden.json", "golden.json", "golden.safetensors", "config.json"}[i % 4];
            files.files.put(file, damage(files.read(file), random));
            try {
                new GoldenReader(files).read();
                read++;
            } catch (GoldenException | ConfigException | CheckpointException expected) {
                assertThat(expected.getMessage()).isNotBlank();
            }
        }
        assertThat(read).as("some damage is harmless").isBetween(1, inputs - 1);
    }

    private static byte[] damage(byte[] bytes, Random random) {
        int at = random.nextInt(bytes.length);
        return switch (random.nextInt(3)) {
            case 0 -> flipped(bytes, random);
            case 1 -> Arrays.copyOf(bytes, at);
            default -> {
                int length = random.nextInt(bytes.length - at + 1);
                ByteBuffer spliced = ByteBuffer.allocate(bytes.length + length);
                spliced.put(bytes, 0, at).put(bytes, random.nextInt(bytes.length - length + 1), length);
                yield spliced.put(bytes, at, bytes.length - at).array();
            }
        };
    }

    private static byte[] flipped(byte[] bytes, Random random) {
        byte[] flipped = bytes.clone();
        for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
            flipped[random.nextInt(bytes.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return flipped;
    }

    private void copyCase() throws IOException {
        try (var files = Files.list(CASE)) {
            for (Path file : files.toList()) {
                Files.copy(file, folder.resolve(file.getFileName()));
            }
        }
    }

    private static GoldenCase read(Map<String, String> replacements) {
        return new GoldenReader(files(replacements)).read();
    }

    private static MemoryFiles files(Map<String, String> replacements) {
        String golden = GOLDEN;
        for (Map.Entry<String, String> replacement : replacements.entrySet()) {
            golden = golden.replace(replacement.getKey(), replacement.getValue());
        }
        MemoryFiles files = new MemoryFiles(new TreeMap<>());
        files.files.put("config.json", CONFIG.getBytes(StandardCharsets.UTF_8));
        files.files.put("golden.json", golden.getBytes(StandardCharsets.UTF_8));
        files.files.put("golden.safetensors", tensors());
        return files;
    }

    /// Logits that count up, two prompts, one tap and one layer of experts.
    private static byte[] tensors() {
        String header = """
                {"a/logits":{"dtype":"F64","shape":[2,3],"data_offsets":[0,48]},\
                "b/logits":{"dtype":"F64","shape":[1,3],"data_offsets":[48,72]},\
                "a/hidden.0":{"dtype":"F32","shape":[2,2],"data_offsets":[72,88]},\
                "a/experts.0":{"dtype":"I32","shape":[2,1],"data_offsets":[88,96]}}""";
        ByteBuffer bytes = ByteBuffer.allocate(8 + header.length() + 96).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putLong(header.length()).put(header.getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < 9; i++) {
            bytes.putDouble(i);
        }
        for (int i = 0; i < 4; i++) {
            bytes.putFloat(i);
        }
        return bytes.putInt(7).putInt(8).array();
    }

    /// Files in memory whose digests always match, so that what lies behind the digests can be tested.
    private record MemoryFiles(Map<String, byte[]> files) implements CaseFiles {
        @Override
        public String source() {
            return "tiny";
        }

        @Override
        public String nameOf(String file) {
            return "tiny/" + file;
        }

        @Override
        public boolean has(String file) {
            return files.containsKey(file);
        }

        @Override
        public byte[] read(String file) {
            return Objects.requireNonNull(files.get(file), file);
        }

        @Override
        public String sha256(String file) {
            return "-";
        }

        @Override
        public SafetensorsFile openTensors(String file) {
            return SafetensorsFile.of(read(file), nameOf(file));
        }
    }
}
