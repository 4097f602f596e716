package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.WeightSource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaterializeCommandTest {
    @TempDir
    private Path folder;

    private CommandRun materialize(GoldenSource goldens, String... options) {
        String[] args = new String[5 + options.length];
        System.arraycopy(new String[] {"materialize", "--case", "one", "--out", folder + "/deep/model"}, 0, args, 0, 5);
        System.arraycopy(options, 0, args, 5, options.length);
        return CommandRun.of(List.of(), goldens, args);
    }

    @Test
    void writesAFolderThatOpens() throws IOException {
        CommandRun run = materialize(Toy.goldens("one"));

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(0);
        Path model = folder.resolve("deep/model");
        assertThat(model.toFile().list()).containsExactlyInAnyOrder("config.json", "model.safetensors");
        assertThat(folder.resolve("deep").toFile().list()).containsExactly("model");
        assertThat(model.resolve("config.json")).hasContent(Toy.CONFIG_JSON);
        try (Checkpoint written = Checkpoint.open(model);
                Checkpoint synthesised = Toy.WEIGHTS.checkpoint(Toy.CONFIG)) {
            assertThat(written.tensors()).isEqualTo(synthesised.tensors());
        }
    }

    @Test
    void forceReplacesTheTwoFilesAndNothingElse() throws IOException {
        Path model = Files.createDirectories(folder.resolve("deep/model"));
        Files.writeString(model.resolve("config.json"), "old");
        Files.writeString(model.resolve("tokenizer.json"), "mine");

        assertThat(materialize(Toy.goldens("one")).exitCode()).isEqualTo(64);
        assertThat(model.resolve("config.json")).hasContent("old");

        assertThat(materialize(Toy.goldens("one"), "--force").exitCode()).isEqualTo(0);
        assertThat(model.resolve("config.json")).hasContent(Toy.CONFIG_JSON);
        assertThat(model.resolve("tokenizer.json")).hasContent("mine");
    }

    @Test
    void weightsThatComeOutDifferentAreNotLeftBehind() {
        GoldenCase golden = with(new WeightSource.Synthesised(Toy.CONFIG, Toy.WEIGHTS, "00".repeat(32)));

        CommandRun run = materialize(only(golden));

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).contains("model.safetensors of one: expected SHA-256 0000");
        assertThat(folder.resolve("deep/model").toFile().list()).isEmpty();
        assertThat(folder.resolve("deep").toFile().list()).containsExactly("model");
    }

    @Test
    void writesGguf() throws IOException {
        CommandRun run = materialize(Toy.goldens("one"), "--format", "gguf", "--type", "bf16");

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(0);
        Path model = folder.resolve("deep/model");
        assertThat(run.out()).startsWith(model.resolve("model.gguf").toString()).contains("qwen3, BF16");
        assertThat(model.toFile().list()).containsExactly("model.gguf");
        assertThat(Files.readAllBytes(model.resolve("model.gguf"))).startsWith('G', 'G', 'U', 'F', 3, 0, 0, 0);
    }

    @Test
    void whatGgufCannotSayIsRefusedAndLeavesNothing() {
        CommandRun run = CommandRun.of(
                List.of(),
                Toy.goldens("one"),
                "materialize",
                "--shape",
                "Mistral-7B-v0.1",
                "--out",
                folder + "/shape",
                "--format",
                "gguf");

        assertThat(run.exitCode()).isEqualTo(64);
        assertThat(run.err())
                .contains("mistral-7b-v0.1 cannot be written as GGUF: sliding_window: the architecture llama has none");
        assertThat(folder.toFile().list()).isEmpty();
    }

    @Test
    void aCaseWithFilesOfItsOwnNeedsNoSynthesis() {
        CommandRun run = materialize(only(with(new WeightSource.InFolder(folder))));
        assertThat(run.exitCode()).isEqualTo(64);
        assertThat(run.err()).contains("the weights of one are files already");
    }

    private static GoldenCase with(WeightSource weights) {
        GoldenCase golden = Toy.golden("one");
        return new GoldenCase(
                golden.id(),
                golden.source(),
                golden.config(),
                golden.configJson(),
                golden.oracle(),
                golden.notes(),
                golden.prompts(),
                golden.yardsticks(),
                golden.sha256(),
                weights);
    }

    private static GoldenSource only(GoldenCase golden) {
        return new GoldenSource() {
            @Override
            public List<String> ids() {
                return List.of(golden.id());
            }

            @Override
            public GoldenCase bundled(String id) {
                return golden;
            }
        };
    }
}
