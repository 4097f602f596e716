package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.golden.GoldenCase;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DebugTest {
    private static final GoldenSource FAILING = new GoldenSource() {
        @Override
        public List<String> ids() {
            throw new IllegalStateException("a bug");
        }

        @Override
        public GoldenCase bundled(String id) {
            throw new IllegalStateException("a bug");
        }
    };

    private static CommandRun run(Map<String, String> environment, String... args) {
        return CommandRun.of(List.of(), List.of(), FAILING, environment, false, args);
    }

    @Test
    void anInternalErrorIsOneLineAndACommand() {
        CommandRun run = run(Map.of(), "list");
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).isEqualTo("""
                        assay: internal error: java.lang.IllegalStateException: a bug
                        reproduce: ./assay list --debug
                        """);
    }

    @ParameterizedTest
    @ValueSource(strings = {"list --debug", "--debug list"})
    void theOptionShowsWhereItHappened(String line) {
        CommandRun run = run(Map.of(), line.split(" "));
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err()).contains("\tat dev.assay").endsWith("reproduce: ./assay " + line + "\n");
    }

    @Test
    void soDoesTheVariable() {
        assertThat(run(Map.of("ASSAY_DEBUG", "1"), "list").err()).contains("\tat dev.assay");
        assertThat(run(Map.of("ASSAY_DEBUG", ""), "list").err()).doesNotContain("\tat ");
    }
}
