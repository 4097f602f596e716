package dev.assay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.report.ConsoleTable.Align;
import org.junit.jupiter.api.Test;

class ConsoleTableTest {
    private static ConsoleTable table() {
        return new ConsoleTable()
                .column("NAME", Align.LEFT)
                .column("N", Align.RIGHT)
                .column("NOTE", Align.LEFT);
    }

    @Test
    void alignsColumnsAndLeavesNoTrailingSpace() {
        assertThat(table().row("a", "1", "").row("longer", "1,234", "x").render())
                .isEqualTo("""
                        NAME        N  NOTE
                        a           1
                        longer  1,234  x
                        """);
    }

    @Test
    void refusesARowOfAnotherWidth() {
        assertThatThrownBy(() -> table().row("a", "1")).hasMessage("expected 3 cells, found 2");
    }
}
