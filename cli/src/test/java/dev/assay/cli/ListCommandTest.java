package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.Architecture;
import dev.assay.engine.Engine;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ListCommandTest {
    private static final List<Engine> ENGINES = List.of(Toy.right("right"), Toy.refusing("absent", "no device"));

    private static CommandRun list(String... args) {
        String[] all = new String[args.length + 1];
        all[0] = "list";
        System.arraycopy(args, 0, all, 1, args.length);
        return CommandRun.of(ENGINES, Toy.goldens("one", "two"), all);
    }

    @Test
    void showsWhoSupportsWhat() {
        CommandRun run = list();
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .containsPattern("^ARCHITECTURE +NAME +CASES +ABSENT +RIGHT\n")
                .containsPattern("\nqwen3 +Qwen3 +2 +no +yes\n")
                .containsPattern("\ndeepseek-v3 +DeepSeek V3/R1 +0 +- +-\n")
                .endsWith("""

                        CASE  ARCHITECTURE  ABSENT  RIGHT
                        one   qwen3         no      yes
                        two   qwen3         no      yes

                        absent does not run one: no device
                        absent does not run two: no device
                        """);
        for (Architecture architecture : Architecture.values()) {
            assertThat(run.out()).containsPattern("\n" + architecture.id() + " +" + architecture.title() + " +[0-9]");
        }
    }

    @Test
    void makesTheTableOfTheReadme() {
        assertThat(list("--markdown").out()).isEqualTo("""
                        | Architecture | Golden cases | `absent` | `right` |
                        |---|---:|---|---|
                        | Qwen3 (`qwen3`) | 2 | unsupported | supported |
                        """);
    }

    @Test
    void writesJson() {
        JsonNode list = JsonMapper.shared().readTree(list("--json").out());
        assertThat(list.path("engines").path(1).path("engine").asString()).isEqualTo("right");
        assertThat(list.path("architectures")).hasSizeGreaterThan(3);
        JsonNode one = list.path("cases").path(0);
        assertThat(one.path("case").asString()).isEqualTo("one");
        assertThat(one.path("support").path(0).path("supported").asBoolean()).isFalse();
        assertThat(one.path("support").path(0).path("reason").asString()).isEqualTo("no device");
        assertThat(one.path("support").path(1).path("supported").asBoolean()).isTrue();
        assertThat(one.path("support").path(1).path("capabilities").path(0).asString())
                .isEqualTo("FULL_LOGITS");
        assertThat(list.path("broken_cases").isEmpty()).isTrue();
    }

    @Test
    void aBrokenCaseIsNamedAndHidesNoOther() {
        CommandRun run = CommandRun.of(ENGINES, Toy.goldens("broken-a", "one"), "list");
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).isEqualTo("assay: cases/broken-a/config.json: expected SHA-256 00, found 11\n");
        assertThat(run.out()).contains("\none ");
    }
}
