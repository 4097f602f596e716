package dev.assay.golden;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.config.Architecture;
import dev.assay.config.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/// What the bundled cases cover.
class CoverageTest {
    private static final Path TRAPS = Path.of("TRAPS.md");

    @Test
    void everyArchitectureHasCasesAndEveryFamilyFour() {
        Map<Architecture, Integer> architectures = new EnumMap<>(Architecture.class);
        Map<Class<?>, Integer> families = new HashMap<>();
        for (String id : Goldens.ids()) {
            ModelConfig config = Goldens.bundled(id).config();
            architectures.merge(config.architecture(), 1, Integer::sum);
            families.merge(config.getClass(), 1, Integer::sum);
        }

        assertThat(architectures).containsOnlyKeys(Architecture.values());
        assertThat(families.keySet()).containsExactlyInAnyOrderElementsOf(families(ModelConfig.class));
        assertThat(families)
                .allSatisfy((family, cases) -> assertThat(cases)
                        .as("cases of %s", family.getSimpleName())
                        .isGreaterThanOrEqualTo(4));
    }

    @Test
    void everyTrapHasACaseOrAReasonWhyNot() throws IOException {
        List<String> traps = new ArrayList<>();
        String header = "";
        String previous = "";
        for (String line : Files.readAllLines(TRAPS)) {
            if (line.startsWith("|--")) {
                header = previous;
            } else if (line.startsWith("|") && !header.isEmpty() && !header.equals(line)) {
                traps.add(line);
                assertThat(cell(line, column(header)))
                        .as("no case exposes: %s", line)
                        .isNotBlank();
            } else if (!line.startsWith("|")) {
                header = "";
            }
            previous = line;
        }
        assertThat(traps).hasSizeGreaterThan(200);
    }

    /// The column that names the cases.
    private static int column(String header) {
        return header.contains("exposed by") ? 2 : 3;
    }

    private static String cell(String row, int column) {
        String[] cells = row.split("\\|", -1);
        return column < cells.length ? cells[column] : "";
    }

    /// The records of configurations, wherever below [ModelConfig] they stand.
    private static List<Class<?>> families(Class<?> sealed) {
        Class<?>[] permitted = sealed.getPermittedSubclasses();
        return permitted == null
                ? List.of(sealed)
                : Stream.of(permitted).flatMap(one -> families(one).stream()).toList();
    }
}
