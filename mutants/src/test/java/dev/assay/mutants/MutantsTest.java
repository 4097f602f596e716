package dev.assay.mutants;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.golden.Goldens;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.catalogue.Mutant;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.mutants.matrix.Cell;
import dev.assay.mutants.matrix.KillMatrix;
import dev.assay.vector.VectorEngine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// The mutants that matter most, each in a case that must catch it; `assay mutants` runs all in all.
class MutantsTest {
    @ParameterizedTest(name = "{0} in {1}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
            D01  | deepseek-v3-base          | feed_forward.1
            D03  | deepseek-v3-base          | feed_forward.1
            D04  | deepseek-v3-negative-bias | feed_forward.1
            D07  | kimi-k2-base              | feed_forward.1
            D13  | deepseek-v3-base          | context.0
            D16  | deepseek-v2-base          | context.0
            D19  | kimi-k2-base              | context.0
            Q01  | qwen3-moe-base            | feed_forward.0
            Q05  | qwen3-base                | context.0
            Q06  | qwen3-base                | context.0
            G01a | gemma3-base               | context.5
            G02  | gemma3-scaled             | context.1
            G04  | gemma3-scaled             | context.0
            G05a | gemma3-base               | context.0
            N01  | gemma3n-base              | context.4
            N05  | gemma3n-base              | feed_forward.0
            L02  | llama4-scout              | feed_forward.0
            L04a | llama4-scout              | context.3
            S01  | smollm3-base              | context.0
            O01  | olmo2-gqa                 | context.0
            X07  | llama3-base               | logits
            X08  | gpt2-base                 | logits
            """)
    void isKilledByTenBudgetsAndNamedAtItsTap(String id, String caseId, String tap) {
        Cell cell = KillMatrix.run(mutant(id), new PlanInterpreter(), Goldens.bundled(caseId))
                .orElseThrow();

        assertThat(cell.killed()).as("%s", cell).isTrue();
        assertThat(cell.used()).isGreaterThanOrEqualTo(KillMatrix.MARGIN);
        assertThat(cell.firstDivergence()).isNotNull();
        assertThat(cell.firstDivergence().tap()).isEqualTo(tap);
        assertThat(cell.localised()).isTrue();
        assertThat(cell.tapNamed()).isTrue();
    }

    @ParameterizedTest(name = "{0} in {1}: {2}")
    @CsvSource(delimiter = '|', textBlock = """
            X01 | llama3-base | token-by-token
            X05 | llama3-base | reset-and-rerun
            X06 | llama3-base | chunked-prefill
            X12 | llama3-base | token-by-token
            X13 | llama3-base | token-by-token
            X14 | llama3-base | interleaved-sessions
            Q10 | qwen3-base  | one-shot
            """)
    void isKilledByTheCheckThatIsAboutItsConduct(String id, String caseId, String check) {
        Cell cell = KillMatrix.run(mutant(id), new PlanInterpreter(), Goldens.bundled(caseId))
                .orElseThrow();

        assertThat(cell.killed()).as("%s", cell).isTrue();
        assertThat(cell.check()).isEqualTo(check);
        assertThat(cell.localised()).isTrue();
    }

    /// Plans, configurations, weights and sessions are planted in a real engine, too.
    @ParameterizedTest
    @CsvSource({
        "D13, deepseek-v3-base",
        "D11, deepseek-v3-base",
        "D21c, deepseek-v3-base",
        "N02, gemma3n-base",
        "X03, qwen3-base",
        "X08, qwen3-base"
    })
    void isKilledInTheVectorEngine(String id, String caseId) {
        Cell cell = KillMatrix.run(mutant(id), new VectorEngine(), Goldens.bundled(caseId))
                .orElseThrow();

        assertThat(cell.killed()).as("%s", cell).isTrue();
        assertThat(cell.localised()).isTrue();
    }

    @Test
    void aBugIsNotPlantedWhereItCannotAct() {
        // No YaRN in this case, and no case of another family.
        assertThat(KillMatrix.run(mutant("D13"), new PlanInterpreter(), Goldens.bundled("deepseek-v3-no-q-lora")))
                .isEmpty();
        assertThat(KillMatrix.run(mutant("D13"), new PlanInterpreter(), Goldens.bundled("qwen3-base")))
                .isEmpty();
    }

    @Test
    void aMutantThatActsAndDoesNotShowSurvives() {
        // Its biased scores are positive, so that 0 never wins.
        Cell cell = KillMatrix.run(mutant("D04"), new PlanInterpreter(), Goldens.bundled("deepseek-v3-base"))
                .orElseThrow();

        assertThat(cell.killed()).isFalse();
        assertThat(cell.localised()).isFalse();
    }

    private static Mutant mutant(String id) {
        return Catalogue.mutants().stream()
                .filter(mutant -> mutant.id().equals(id))
                .findFirst()
                .orElseThrow();
    }
}
