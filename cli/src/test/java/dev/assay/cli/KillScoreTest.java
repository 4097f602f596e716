package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.vector.VectorEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Every mutant in every bundled case: the power of the suite is measured with each build, and no longer what the
/// README says only when somebody looks.
class KillScoreTest {
    private static final String START = "<!-- kill-score -->\n";
    private static final String END = "<!-- /kill-score -->";

    @Test
    void noMutantSurvivesButTheKnownOnesAndTheReadmeSaysSo() throws IOException {
        CommandRun run =
                CommandRun.of(List.of(new VectorEngine()), GoldenSource.ofInstallation(), "mutants", "--markdown");

        assertThat(run.exitCode()).as("%s%s", run.err(), run.out()).isZero();
        String readme = Files.readString(Path.of("../README.md"));
        assertThat(readme).containsOnlyOnce(START).containsOnlyOnce(END);
        assertThat(readme.substring(readme.indexOf(START) + START.length(), readme.indexOf(END)))
                .as("the table of ./assay mutants --markdown")
                .isEqualTo(run.out());
    }
}
