package dev.assay.plan;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Cards of published models are as approved: a plan that changes shows in the diff.
///
/// `mvn test -pl execution-plan -am -Dassay.cards=write` writes them anew, for review.
class ArchitectureCardTest {
    private static final Path CARDS = Path.of("src", "test", "resources", "dev", "assay", "plan", "cards");

    static List<String> planned() {
        return Published.planned();
    }

    @BeforeAll
    static void writeCards() throws IOException {
        if ("write".equals(System.getProperty("assay.cards"))) {
            Files.createDirectories(CARDS);
            for (String model : planned()) {
                Files.writeString(CARDS.resolve(model + ".txt"), PlanPrinter.print(Published.plan(model)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("planned")
    void cardIsAsApproved(String model) throws IOException {
        assertThat(PlanPrinter.print(Published.plan(model))).isEqualTo(Files.readString(CARDS.resolve(model + ".txt")));
    }

    @Test
    void everyCardHasAModel() throws IOException {
        try (var files = Files.list(CARDS)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(
                            planned().stream().map(model -> model + ".txt").toList());
        }
    }
}
