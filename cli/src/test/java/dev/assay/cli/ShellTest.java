package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ShellTest {
    @Test
    void leavesPlainWordsAsTheyAre() {
        assertThat(Shell.command("verify", "--case", "a/b-c_1.0")).isEqualTo("./assay verify --case a/b-c_1.0");
    }

    @Test
    void quotesWhatAShellWouldTakeApart() {
        assertThat(Shell.command("explain", "my model", "it's", "", "$HOME", "a;b"))
                .isEqualTo("./assay explain 'my model' 'it'\\''s' '' '$HOME' 'a;b'");
    }
}
