package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.reference.ReferenceEngine;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Golden cases and models that are not what they say, given to the reference as a user would.
class BadInputTest {
    private static final Path CASES = Path.of("../golden-outputs/cases");

    @TempDir
    private Path folder;

    /// A folder with a copy of a bundled case.
    private Path copyOf(String id) throws IOException {
        Path copy = Files.createDirectories(folder.resolve(id));
        try (Stream<Path> files = Files.list(CASES.resolve(id))) {
            for (Path file : files.toList()) {
                Files.copy(file, copy.resolve(file.getFileName()));
            }
        }
        return copy;
    }

    private CommandRun run(String... args) {
        return CommandRun.of(List.of(new ReferenceEngine()), GoldenSource.ofInstallation(), args);
    }

    private CommandRun verify(Path golden) {
        return run(
                "verify",
                "--case",
                golden.toString(),
                "--out",
                folder.resolve("out").toString());
    }

    private static void replace(Path file, String expression, String replacement) throws IOException {
        String text = Files.readString(file);
        String replaced = text.replaceFirst(expression, replacement);
        assertThat(replaced).as("%s has %s", file, expression).isNotEqualTo(text);
        Files.writeString(file, replaced);
    }

    /// Records the digest that a file of the case has now.
    private static void believe(Path golden, String file) throws IOException {
        try {
            byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(golden.resolve(file)));
            String name = file.replace(".", "\\.");
            replace(
                    golden.resolve("golden.json"),
                    "\"" + name + "\": *\"[0-9a-f]{64}\"",
                    "\"" + file + "\": \"" + HexFormat.of().formatHex(digest) + "\"");
        } catch (NoSuchAlgorithmException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void aCopyOfACaseIsAsGoodAsTheCase() throws IOException {
        CommandRun run = verify(copyOf("qwen3-base"));
        assertThat(run.out()).contains("\nCONFORMANT: PASS 13\n");
        assertThat(run.exitCode()).isEqualTo(0);
    }

    @ParameterizedTest
    @CsvSource({"golden.safetensors, 5000", "config.json, 20"})
    void aFileWhoseDigestDoesNotMatchIsNamed(String name, int position) throws IOException {
        Path golden = copyOf("qwen3-base");
        byte[] bytes = Files.readAllBytes(golden.resolve(name));
        bytes[position] ^= 1;
        Files.write(golden.resolve(name), bytes);

        CommandRun run = verify(golden);

        assertThat(run.out())
                .contains("\nFAULT  " + golden + "\n      " + golden.resolve(name) + ": expected SHA-256 ")
                .contains("\n      reproduce: ./assay verify --case " + golden + "\n")
                .contains("\nFAULT: no check ran; 1 fault\n");
        assertThat(run.exitCode()).isEqualTo(4);
    }

    @Test
    void aCaseWithoutItsOutputsIsAFault() throws IOException {
        Path golden = copyOf("qwen3-base");
        Files.delete(golden.resolve("golden.safetensors"));
        CommandRun run = verify(golden);
        assertThat(run.out()).contains("golden.safetensors: missing");
        assertThat(run.exitCode()).isEqualTo(4);
    }

    @Test
    void anUnknownArchitectureIsAFaultThatNamesIt() throws IOException {
        Path golden = copyOf("qwen3-base");
        replace(golden.resolve("config.json"), "\"qwen3\"", "\"qwen9\"");
        believe(golden, "config.json");
        CommandRun run = verify(golden);
        assertThat(run.out()).contains(golden.resolve("config.json").toString(), "qwen9");
        assertThat(run.exitCode()).isEqualTo(4);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    qwen3-base       | "rope_theta": *[0-9.]+             | "rope_theta": 20000           | layer 0, context.0
                    qwen3-base       | "rms_norm_eps": *[0-9.e-]+         | "rms_norm_eps": 0.006         | layer 0, attention_input.0
                    qwen3-base       | "num_hidden_layers": *3            | "num_hidden_layers": 2        | model.layers.2.
                    qwen3-base       | "head_dim": *20                    | "head_dim": 40                | model.layers.0.self_attn.
                    llama3-base      | "rope_theta": *[0-9.]+             | "rope_theta": 20000           | layer 0, context.0
                    deepseek-v3-base | "norm_topk_prob": *true            | "norm_topk_prob": false       | layer 1, feed_forward.1
                    deepseek-v3-base | "routed_scaling_factor": *[0-9.]+  | "routed_scaling_factor": 1.25 | layer 1, feed_forward.1
                    """)
    void aWrongModelIsNotConformantAndItsFirstWrongLayerIsNamed(
            String id, String expression, String replacement, String place) throws IOException {
        Path golden = copyOf(id);
        replace(golden.resolve("config.json"), expression, replacement);
        believe(golden, "config.json");

        CommandRun run = verify(golden);

        assertThat(run.out()).contains("\nNON_CONFORMANT: ").containsPattern("\n(FAIL|ERROR)  reference  ");
        assertThat(run.out().lines().filter(line -> line.contains(place))).isNotEmpty();
        assertThat(run.exitCode()).isEqualTo(1);
    }

    @Test
    void swappedNormsAreFoundInTheLayerThatHasThem() throws IOException {
        Path golden = copyOf("qwen3-base");
        CommandRun written = run("materialize", "--force", "--case", "qwen3-base", "--out", golden.toString());
        assertThat(written.exitCode()).isEqualTo(0);
        Path weights = golden.resolve("model.safetensors");
        assertThat(verify(golden).exitCode()).isEqualTo(0);

        swap(weights, "model.layers.1.input_layernorm.weight", "model.layers.1.post_attention_layernorm.weight");
        assertThat(verify(golden).exitCode()).isEqualTo(4);

        believe(golden, "model.safetensors");
        CommandRun run = verify(golden);
        assertThat(run.out()).contains("first divergence: layer 1, attention_input.1, prompt len37, ");
        assertThat(run.exitCode()).isEqualTo(1);
    }

    /// Exchanges the bytes of two tensors of the same shape.
    private static void swap(Path weights, String one, String other) throws IOException {
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            byte[] lengthBytes = read(file, 0, Long.BYTES);
            int length = (int) Long.reverseBytes(ByteBuffer.wrap(lengthBytes).getLong());
            JsonNode header = JsonMapper.shared().readTree(read(file, Long.BYTES, length));
            long start = (long) Long.BYTES + length;
            JsonNode first = header.path(one).path("data_offsets");
            JsonNode second = header.path(other).path("data_offsets");
            int bytes = first.path(1).asInt() - first.path(0).asInt();
            byte[] firstBytes = read(file, start + first.path(0).asInt(), bytes);
            byte[] secondBytes = read(file, start + second.path(0).asInt(), bytes);
            file.write(ByteBuffer.wrap(secondBytes), start + first.path(0).asInt());
            file.write(ByteBuffer.wrap(firstBytes), start + second.path(0).asInt());
        }
    }

    private static byte[] read(FileChannel file, long position, int length) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(length);
        while (buffer.hasRemaining()) {
            assertThat(file.read(buffer, position + buffer.position())).isPositive();
        }
        return buffer.array();
    }

    @Test
    void aMalformedCheckpointNamesItsFile() throws IOException {
        Path golden = copyOf("qwen3-base");
        run("materialize", "--force", "--case", "qwen3-base", "--out", golden.toString());
        Path weights = golden.resolve("model.safetensors");
        try (FileChannel file = FileChannel.open(weights, StandardOpenOption.WRITE)) {
            file.truncate(file.size() - 2);
        }
        believe(golden, "model.safetensors");

        CommandRun run = verify(golden);

        assertThat(run.out()).contains(weights.toString());
        assertThat(run.exitCode()).isEqualTo(1);
    }
}
