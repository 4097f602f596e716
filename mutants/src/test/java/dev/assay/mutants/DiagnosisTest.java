package dev.assay.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.engine.Engine;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.diagnose.Diagnosis;
import dev.assay.mutants.diagnose.Likeness;
import dev.assay.mutants.diagnose.Lookalikes;
import dev.assay.mutants.matrix.Cell;
import dev.assay.mutants.matrix.KillMatrix;
import dev.assay.plan.planner.Planners;
import dev.assay.vector.VectorEngine;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Bugs planted in the vector engine are recognised by mutants that run in the interpreter.
class DiagnosisTest {
    @ParameterizedTest(name = "{0} in {1}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
            S03  | smollm3-base          | layers 3 4
            L08  | llama4-all-rope       | layer 3
            G09  | gemma3-base           | embedding
            X08  | llama3-base           | head
            D13  | deepseek-v3-base      | every layer
            Q07  | qwen3-base            | every layer
            """)
    void namesThePartsThatAreWrongByThemselves(String id, String caseId, String parts) {
        GoldenCase golden = Goldens.bundled(caseId);

        assertThat(Diagnosis.faultyParts(engine(id, golden), golden, Planners.plan(golden.config())))
                .containsExactly(parts);
    }

    @Test
    void findsNothingWrongWithARightEngine() {
        GoldenCase golden = Goldens.bundled("deepseek-v3-base");

        assertThat(Diagnosis.faultyParts(new VectorEngine(), golden, Planners.plan(golden.config())))
                .isEmpty();
    }

    @ParameterizedTest(name = "{0} in {1}")
    @CsvSource(delimiter = '|', textBlock = """
            D13  | deepseek-v3-base
            D07  | deepseek-v3-base
            G05a | gemma3-base
            N09  | gemma3n-base
            S01  | smollm3-base
            X15  | llama3-base
            """)
    void recognisesABug(String id, String caseId) {
        GoldenCase golden = Goldens.bundled(caseId);

        List<Likeness> likenesses = Lookalikes.rank(engine(id, golden), golden);

        assertThat(likenesses).isNotEmpty();
        assertThat(likenesses.getFirst().mutant().id()).isEqualTo(id);
        assertThat(likenesses.getFirst().explained()).isGreaterThan(0.9999);
    }

    @Test
    void saysWhatItFound() {
        GoldenCase golden = Goldens.bundled("deepseek-v3-base");
        Cell cell = KillMatrix.run(
                        Catalogue.mutants().stream()
                                .filter(mutant -> mutant.id().equals("D13"))
                                .findFirst()
                                .orElseThrow(),
                        new VectorEngine(),
                        golden)
                .orElseThrow();

        assertThat(cell.firstDivergence()).isNotNull();
        assertThat(Diagnosis.of(engine("D13", golden), golden, cell.firstDivergence())
                        .text())
                .contains("context.0 comes of projections")
                .contains("most in head")
                .contains("wrong by themselves, given their own inputs: every layer")
                .contains("looks like D13: YaRN's mscale squared missing from the softmax scale (explains 100");
    }

    private static Engine engine(String id, GoldenCase golden) {
        return Catalogue.mutants().stream()
                .filter(mutant -> mutant.id().equals(id))
                .findFirst()
                .orElseThrow()
                .plant(new VectorEngine(), golden)
                .orElseThrow()
                .engine();
    }
}
