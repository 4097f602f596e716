package dev.assay.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.catalogue.Equivalent;
import dev.assay.mutants.catalogue.Mutant;
import dev.assay.mutants.catalogue.NotPlanted;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class CatalogueTest {
    /// Bugs collected, by their letter: D01 to D21 and so on.
    private static final Map<String, Integer> COLLECTED =
            Map.of("D", 21, "Q", 10, "G", 13, "N", 11, "L", 11, "S", 3, "O", 4, "M", 6, "X", 13);

    @Test
    void everyCollectedBugIsPlantedOrHasAReasonNotToBe() {
        Set<String> known = Stream.of(
                        Catalogue.mutants().stream().map(Mutant::id),
                        Catalogue.equivalents().stream().map(Equivalent::id),
                        Catalogue.notPlanted().stream().map(NotPlanted::id))
                .flatMap(ids -> ids)
                .map(id -> id.substring(0, 3))
                .collect(Collectors.toSet());
        Set<String> collected = new TreeSet<>();
        COLLECTED.forEach((letter, count) -> {
            for (int number = 1; number <= count; number++) {
                collected.add(String.format(Locale.ROOT, "%s%02d", letter, number));
            }
        });

        assertThat(known).containsAll(collected);
    }

    @Test
    void idsAreUnique() {
        List<String> ids = Catalogue.mutants().stream().map(Mutant::id).toList();

        assertThat(ids).doesNotHaveDuplicates().isNotEmpty();
    }

    @Test
    void everyMutantSaysWhatItIsWhereItWasSeenAndWhomItConcerns() {
        assertThat(Catalogue.mutants()).allSatisfy(mutant -> {
            assertThat(mutant.title()).isNotBlank();
            assertThat(mutant.evidence()).isNotBlank();
            assertThat(mutant.architectures()).isNotEmpty();
        });
    }

    @Test
    void onlyMutantsThatThereAreNeedACase() {
        assertThat(Catalogue.mutants().stream().map(Mutant::id).toList())
                .containsAll(Catalogue.needs().keySet());
    }
}
