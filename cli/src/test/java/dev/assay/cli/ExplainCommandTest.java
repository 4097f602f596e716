package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ExplainCommandTest {
    private static final List<Engine> ENGINES = List.of(Toy.right("right"), Toy.refusing("absent", "no device"));

    @TempDir
    private Path folder;

    private static CommandRun explain(String subject) {
        return CommandRun.of(ENGINES, Toy.goldens("broken", "one", "two"), "explain", subject);
    }

    @Test
    void explainsACase() {
        CommandRun run = explain("one");
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .startsWith("Golden case one\nmade up\nOracle: toy 1 in float64 with eager attention\n")
                .contains("\n  num_hidden_layers: 2\n", "\n  rope_parameters: Default\n    rope_theta: 10000.0\n")
                .contains("\nParameters: 1,104 in 24 tensors\n")
                .containsPattern("\nlong +9 +1 +99 *\n")
                .containsPattern("\nlogits +- +-\n- not recorded: judged by")
                .contains("\n  absent: unsupported: no device\n", "\n  right: supported: full_logits, all_positions,");
    }

    @Test
    void explainsAnArchitecture() {
        CommandRun run = explain("qwen3");
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .startsWith("Qwen3 (qwen3)\n\nCASE  ARCHITECTURE  ABSENT  RIGHT\none   qwen3         no      yes\n")
                .endsWith("verify: ./assay verify --architecture qwen3\n");
    }

    @Test
    void saysThatAnArchitectureHasNoCases() {
        CommandRun run = explain("kimi-k2");
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out()).isEqualTo("Kimi K2 (kimi-k2)\n\nNo golden case of this architecture is bundled.\n");
    }

    @Test
    void explainsAConfiguration() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), Toy.CONFIG_JSON);

        assertThat(explain(config.toString()).out())
                .startsWith("Qwen3 (qwen3)\n\nConfiguration, with defaults filled in:\n  vocab_size: 11\n")
                .contains("\nKV cache: 16 numbers for the first position, 1,024 at the full context of 64\n");
        assertThat(explain(folder.toString()).out()).contains("The folder holds no weights");
    }

    @Test
    void explainsACheckpoint() throws IOException {
        Files.writeString(folder.resolve("config.json"), Toy.CONFIG_JSON);
        Toy.WEIGHTS.writeSafetensors(folder.resolve("model.safetensors"));

        CommandRun run = explain(folder.toString());

        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .contains(
                        "\nTensors in the files:\n  BF16: 24 tensors, 1,104 elements, 2.2 KiB\nEvery tensor is used.\n");
    }

    @Test
    void aCaseThatCannotBeBelievedIsAFault() {
        CommandRun run = explain("broken");
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).isEqualTo("""
                        assay: cases/broken/config.json: expected SHA-256 00, found 11
                        reproduce: ./assay explain broken --debug
                        """);
    }

    @Test
    void aBrokenConfigurationIsAFaultThatNamesTheFile() throws IOException {
        Path config = Files.writeString(folder.resolve("config.json"), "{\"model_type\": \"t5\"}");
        CommandRun run = explain(config.toString());
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).startsWith("assay: " + config + ": ").contains("t5");
        assertThat(run.out()).isEmpty();
    }

    @Test
    void aFolderThatHoldsNothingIsAFault() {
        CommandRun run = explain(folder.toString());
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).contains("config.json");
    }

    @ParameterizedTest
    @CsvSource({"vocabSize, vocab_size", "nRoutedExperts, n_routed_experts", "qkNopeHeadDim, qk_nope_head_dim"})
    void namesKeysAsPublished(String component, String key) {
        assertThat(ConfigCard.snakeCase(component)).isEqualTo(key);
    }
}
