package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HelpTest {
    /// Neither help nor version looks for engines or cases.
    private static CommandRun run(String... args) {
        java.io.StringWriter out = new java.io.StringWriter();
        java.io.StringWriter err = new java.io.StringWriter();
        int exitCode = Main.run(
                new Surroundings(
                        new java.io.PrintWriter(out),
                        new java.io.PrintWriter(err),
                        false,
                        java.util.Map.of(),
                        () -> {
                            throw new AssertionError("looked for engines");
                        },
                        new Adapters(new java.util.TreeSet<>(), null),
                        new GoldenSource() {
                            @Override
                            public List<String> ids() {
                                throw new AssertionError("looked for cases");
                            }

                            @Override
                            public dev.assay.golden.GoldenCase bundled(String id) {
                                throw new AssertionError("read a case");
                            }
                        }),
                args);
        return new CommandRun(exitCode, out.toString(), err.toString());
    }

    @Test
    void listsTheCommandsAndExitCodes() {
        CommandRun run = run("--help");
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .contains("verify ", "certify ", "list ", "explain ", "materialize ", "mutants ", "doctor ")
                .contains("64 arguments that cannot");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "verify",
                "merge",
                "certify",
                "list",
                "explain",
                "materialize",
                "mutants",
                "doctor",
                "ab",
                "bench",
                "sweep",
                "compare"
            })
    void everyCommandHasHelpOfAtMost80Columns(String command) {
        CommandRun run = run(command, "-h");
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out()).startsWith("Usage: assay " + command).contains("--debug");
        assertThat(run.out().lines()).allMatch(line -> line.length() <= 80);
    }

    @Test
    void tellsTheVersions() {
        CommandRun run = run("--version");
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out()).matches("assay [0-9]+\\.[0-9]+\\.[0-9]+(-SNAPSHOT)?\nJava 2[0-9].*\n");
    }
}
