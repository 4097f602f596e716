package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ProgressTest {
    @TempDir
    private Path folder;

    private CommandRun run(String line, boolean terminal) {
        return CommandRun.of(
                List.of(Toy.right("right")),
                List.of(),
                Toy.goldens("one", "two"),
                Map.of("NO_COLOR", "1"),
                terminal,
                line.replace("OUT", folder + "/" + terminal).split(" "));
    }

    @ParameterizedTest
    @ValueSource(strings = {"verify --out OUT", "doctor", "materialize --case one --out OUT"})
    void isShownOnATerminalOnly(String line) {
        CommandRun watched = run(line, true);
        assertThat(watched.err()).matches("(?s)(\r[^\r\n]{0,79})*\r {79}\r").contains("% [");
        assertThat(watched.exitCode()).isEqualTo(0);
        assertThat(watched.out()).doesNotContain("\r");

        CommandRun piped = run(line, false);
        assertThat(piped.err()).isEmpty();
        assertThat(piped.exitCode()).isEqualTo(0);
    }
}
