package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.Architecture;
import dev.assay.engine.Engine;
import dev.assay.golden.PublishedModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

class ExplainCommandTest {
    private static final List<Engine> ENGINES = List.of(Toy.right("right"), Toy.refusing("absent", "no device"));

    private static final Path CARDS = Path.of("../execution-plan/src/test/resources/dev/assay/plan/cards");

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
                .startsWith("Qwen3 (qwen3)\n\nConfiguration, with defaults filled in:\n  vocab_size: 151936\n")
                .endsWith("""

                        This is qwen3-8b. Others with a card of their own: qwen3-0.6b, qwen3-1.7b, qwen3-14b, qwen3-32b, qwen3-4b.

                        CASE  ARCHITECTURE  ABSENT  RIGHT
                        one   qwen3         no      yes
                        two   qwen3         no      yes

                        absent does not run one: no device
                        absent does not run two: no device

                        verify: ./assay verify --architecture qwen3
                        """);
    }

    /// The card of the model that is shown, as it is approved for the plan.
    @ParameterizedTest
    @EnumSource(Architecture.class)
    void showsTheCardOfAModelOfTheArchitecture(Architecture architecture) throws IOException {
        String out = CommandRun.of(ENGINES, Toy.goldens(), "explain", architecture.id())
                .out();
        Matcher shown = Pattern.compile("\nThis is ([a-z0-9.-]+)\\.( |\n)").matcher(out);
        assertThat(shown.find()).isTrue();

        assertThat(out)
                .startsWith(architecture.title() + " (" + architecture.id() + ")\n")
                .contains("\nArchitecture card:\n" + Files.readString(CARDS.resolve(shown.group(1) + ".txt")))
                .endsWith("\nNo golden case of this architecture is bundled.\n");
    }

    @Test
    void everyPlannedModelIsNamedByItsArchitecture() {
        Set<String> named = new TreeSet<>();
        for (Architecture architecture : Architecture.values()) {
            String out = CommandRun.of(ENGINES, Toy.goldens(), "explain", architecture.id())
                    .out();
            String models = out.lines()
                    .filter(line -> line.startsWith("This is "))
                    .findFirst()
                    .orElseThrow();
            Pattern.compile("[a-z0-9.]+-[a-z0-9.-]*[a-z0-9]")
                    .matcher(models)
                    .results()
                    .forEach(model -> named.add(model.group()));
        }
        assertThat(named)
                .containsExactlyInAnyOrderElementsOf(PublishedModel.all().stream()
                        .filter(model -> model.factsOnly() == null)
                        .map(PublishedModel::name)
                        .toList());
    }

    @ParameterizedTest
    @CsvSource({"Qwen3, This is qwen3-8b", "QWEN3 8B, vocab_size: 151936", "One, Golden case one"})
    void forgivesCaseAndPunctuation(String subject, String told) {
        assertThat(explain(subject).out()).contains(told);
    }

    @Test
    void showsHowTheOracleRoutesTheLongestPrompt() {
        CommandRun run = CommandRun.of(ENGINES, GoldenSource.ofInstallation(), "explain", "deepseek-v3-base");

        assertThat(run.out()).contains("""

                        Routing of prompt len41 by the oracle, each token to 4 of 12 experts:
                        LAYER     ENTROPY  OF EVEN  UNUSED  TOKENS OF EXPERT 0, 1, ...
                            1  3.327 bits   92.8 %       0  1 12 13 16 4 16 15 14 17 25 27 4
                            2  3.457 bits   96.4 %       0  12 25 14 4 7 10 23 15 12 15 16 11
                        """);
    }

    /// `llama4-maverick` is a case.
    @Test
    void aNameGoesBeforeOneThatDiffersByPunctuation() {
        GoldenSource goldens = GoldenSource.ofInstallation();

        assertThat(CommandRun.of(ENGINES, goldens, "explain", "llama-4-maverick")
                        .out())
                .contains("\n  vocab_size: 202048\n");
        assertThat(CommandRun.of(ENGINES, goldens, "explain", "llama4-maverick").out())
                .startsWith("Golden case llama4-maverick\n");
    }

    @Test
    void modelsWithoutExpertsHaveNoRouting() {
        assertThat(explain("one").out()).doesNotContain("Routing");
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
