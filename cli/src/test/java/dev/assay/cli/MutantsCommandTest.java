package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.assay.mutants.matrix.MatrixReport;
import java.util.List;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class MutantsCommandTest {
    @Test
    void saysAsJsonWhoKilledAMutantAndWhere() {
        CommandRun run = mutants("--mutant", "D13", "--case", "deepseek-v3-base", "--json");

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isZero();
        JsonNode report = JsonMapper.shared().readTree(run.out());
        assertThat(report.path("format").asString()).isEqualTo("assay-mutants/1");
        assertThat(report.path("killed").asInt()).isEqualTo(1);
        assertThat(report.path("total").asInt()).isEqualTo(1);
        assertThat(report.path("localised").asInt()).isEqualTo(1);
        assertThat(report.path("equivalent").asInt()).isPositive();
        JsonNode mutant = report.at("/mutants/0");
        assertThat(mutant.path("id").asString()).isEqualTo("D13");
        assertThat(mutant.path("kind").asString()).isEqualTo("plan");
        assertThat(mutant.path("case_id").asString()).isEqualTo("deepseek-v3-base");
        assertThat(mutant.path("check").asString()).isEqualTo("one-shot");
        assertThat(mutant.path("worst_budget_use").asDouble()).isGreaterThan(10);
        assertThat(mutant.at("/first_divergence/tap").asString()).isEqualTo("context.0");
        assertThat(mutant.path("expected").asString()).isEqualTo("context.0");
    }

    @Test
    void theJsonKeepsItsSchema() {
        CommandRun run = mutants(
                "--mutant", "D13", "--mutant", "D04", "--mutant", "X05", "--case", "deepseek-v3-base", "--json");

        assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                        .getSchema(MatrixReport.schema())
                        .validate(run.out(), InputFormat.JSON))
                .isEmpty();
    }

    @Test
    void aSurvivorIsNamedAndTheExitCodeIsOne() {
        CommandRun run = mutants("--mutant", "D04", "--case", "deepseek-v3-base");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out())
                .contains("D04   survives: nearest deepseek-v3-base")
                .contains("killed 0 of 1 mutants");
    }

    @Test
    void aMutantThatCanActNowhereIsNotCalledKilled() {
        CommandRun run = mutants("--mutant", "D13", "--case", "qwen3-base");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out()).contains("D13   survives: it can act in no case");
    }

    @Test
    void anUnknownMutantIsWrongUsage() {
        CommandRun run = mutants("--mutant", "D99");

        assertThat(run.exitCode()).isEqualTo(Main.USAGE);
        assertThat(run.err()).contains("no mutant is named 'D99'").contains("D13");
    }

    /// Without an engine that runs plans: bugs are planted in the interpreter.
    private static CommandRun mutants(String... arguments) {
        String[] all = new String[arguments.length + 1];
        all[0] = "mutants";
        System.arraycopy(arguments, 0, all, 1, arguments.length);
        return CommandRun.of(List.of(), GoldenSource.ofInstallation(), all);
    }
}
