package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What the command does with its arguments; `KernelRunTest` runs the benchmarks.
class KernelsCommandTest {
    private static CommandRun kernels(String... args) {
        return CommandRun.of(List.of(), Toy.goldens(), args);
    }

    @Test
    void listsNamesThatMatchInEitherCase() {
        CommandRun run = kernels("kernels", "--list", "attention.VECTOR");

        assertThat(run.out()).isEqualTo("DecodeAttention.vector\nPrefillAttention.vector\n");
        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(0);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "nothing --list | no benchmark's name contains a match of 'nothing'",
                "( --list | REGEX: expected a regular expression, found '('",
                "Dot --threads 0 | --threads: expected at least 1, found 0",
                "Dot --forks 0 | --forks: expected at least 1, found 0"
            })
    void refusesWhatCannotBeMeant(String arguments, String message) {
        CommandRun run = kernels(("kernels " + arguments).split(" "));

        assertThat(run.err()).startsWith("assay kernels: " + message);
        assertThat(run.out()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(64);
    }
}
