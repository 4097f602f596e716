package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.assay.report.ReportJson;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The reports compared have speeds of their own: whether this machine is fit to measure is not for a test to say.
class CompareCommandTest {
    @TempDir
    private static Path measured;

    private static JsonNode report;

    @TempDir
    private Path folder;

    private int runs;

    /// A report of a toy, from which others are made.
    @BeforeAll
    static void measureOnce() throws IOException {
        Path model = Files.createDirectories(measured.resolve("toy-model"));
        Files.writeString(model.resolve("config.json"), Toy.CONFIG_JSON);
        Toy.WEIGHTS.writeSafetensors(model.resolve("model.safetensors"));
        CommandRun.of(
                List.of(Toy.right("reference"), Toy.right("one"), Toy.wrong("wrong")),
                Toy.goldens(),
                "bench --engine one --prompt 5 --decode 3 --repetitions 3 --threads 1 --model %s --out %s"
                        .formatted(model, measured.resolve("bench"))
                        .split(" "));
        report = JsonMapper.shared()
                .readTree(measured.resolve("bench/report.json").toFile());
    }

    /// The report of one run with such speeds, on a machine of this speed.
    private String run(double prefill, double decode, double machine) throws IOException {
        ObjectNode changed = (ObjectNode) report.deepCopy();
        changed.put("started_at", "2026-11-23T10:%02d:%02dZ".formatted(runs / 60, runs % 60));
        // Runs differ by less than a percent, always in the same way.
        double noise = 1 + 0.003 * (runs++ % 3 - 1);
        ObjectNode row = (ObjectNode) changed.path("bench").get(0);
        speed((ObjectNode) row.get("prefill"), "tokens_per_second", "spread", noise * prefill);
        speed((ObjectNode) row.get("decode"), "tokens_per_second", "spread", noise * decode);
        speed((ObjectNode) row.get("ceilings"), "read_bytes_per_second", "read", noise * machine);
        speed((ObjectNode) row.get("ceilings"), "fma_flops_per_second", "fma", noise * machine);
        Path file = folder.resolve("run-" + runs + ".json");
        Files.writeString(file, changed.toString());
        return file.toString();
    }

    private static void speed(ObjectNode of, String key, String spreadKey, double speed) {
        of.put(key, speed);
        ObjectNode spread = (ObjectNode) of.get(spreadKey);
        spread.put("median", speed);
        spread.put("min", 0.999 * speed);
        spread.put("max", 1.001 * speed);
        ArrayNode samples = spread.putArray("samples");
        samples.add(0.999 * speed).add(speed).add(1.001 * speed);
    }

    private List<String> runs(double prefill, double decode) throws IOException {
        return List.of(run(prefill, decode, 1e9), run(prefill, decode, 1e9), run(prefill, decode, 1e9));
    }

    private CommandRun compare(String commit, List<String> reports, String... options) {
        List<String> all = new ArrayList<>(List.of(
                "compare",
                "--baselines",
                folder.resolve("perf").toString(),
                "--commit",
                commit,
                "--out",
                folder.resolve("out").toString()));
        all.addAll(List.of(options));
        all.addAll(reports);
        return CommandRun.of(List.of(), Toy.goldens(), all.toArray(String[]::new));
    }

    private CommandRun record(String commit, double prefill, double decode) throws IOException {
        return compare(commit, runs(prefill, decode), "--record");
    }

    @Test
    void theFirstBaselineIsRecordedAndLaterCommitsAreComparedWithIt() throws IOException {
        CommandRun first = record("c1", 200, 20);
        assertThat(first.err()).isEmpty();
        assertThat(first.out()).contains("there is no baseline of this machine and JVM", "recorded in ");
        assertThat(first.exitCode()).isZero();
        try (Stream<Path> files = Files.list(folder.resolve("perf"))) {
            assertThat(files.toList())
                    .singleElement()
                    .satisfies(file -> assertThat(Files.readAllLines(file))
                            .hasSize(3)
                            .allMatch(line -> line.startsWith("{\"format\":\"assay-baseline/1\",\"commit\":\"c1\",")));
        }

        CommandRun slower = compare("c2", runs(200, 18));
        assertThat(slower.out())
                .containsPattern("\none toy-model bf16, .* decode 3: decode +SLOWER +0.900 +0.8[89][0-9]-0.9[01]")
                .containsPattern("decode 3: prefill +EQUIVALENT +1.000 ")
                .contains("baseline: commit c1\ncandidate: commit c2\n");
        assertThat(slower.exitCode()).isEqualTo(2);
        assertThat(compare("c2", runs(300, 20)).exitCode()).isZero();
        assertThat(compare("c2", runs(200, 18), "--margin", "0.2").exitCode()).isZero();
    }

    @Test
    void theReportHoldsTheComparison() throws IOException {
        record("c1", 200, 20);
        compare("c2", runs(200, 18));
        String json = Files.readString(folder.resolve("out/report.json"));
        assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                        .getSchema(ReportJson.schema(), InputFormat.JSON)
                        .validate(json, InputFormat.JSON))
                .isEmpty();
        JsonNode comparison = JsonMapper.shared().readTree(json).path("comparison");
        assertThat(comparison.path("metrics")).hasSize(2);
        assertThat(comparison.at("/histories/0/points")).hasSize(2);
        assertThat(folder.resolve("out/report.html")).content().contains("Slower than the baseline");
    }

    @Test
    void nothingIsConcludedOfOneRunEachOrOfAnotherMachine() throws IOException {
        compare("c1", List.of(run(200, 20, 1e9)), "--record");
        CommandRun single = compare("c2", List.of(run(200, 10, 1e9)));
        assertThat(single.out()).contains("INCONCLUSIVE", "there is one run on each side");
        assertThat(single.exitCode()).isEqualTo(3);

        compare("c1", List.of(run(200, 20, 1e9), run(200, 20, 1e9)), "--record");
        List<String> slow = List.of(run(160, 16, 0.8e9), run(160, 16, 0.8e9), run(160, 16, 0.8e9));
        CommandRun throttled = compare("c2", slow);
        assertThat(throttled.out()).contains("the machine itself changed: its ceiling is 0.80");
        assertThat(throttled.exitCode()).isEqualTo(3);
    }

    @Test
    void anAnnotatedChangeIsNoAlarm() throws IOException {
        record("c1", 200, 20);
        annotate("c2", "checks bounds");
        CommandRun run = compare("c2", runs(200, 18));
        assertThat(run.out()).contains("SLOWER", "known: checks bounds");
        assertThat(run.exitCode()).isZero();
    }

    private void annotate(String commit, String text) throws IOException {
        Files.writeString(
                folder.resolve("perf/annotations.jsonl"),
                "{\"format\":\"assay-annotation/1\",\"commit\":\"%s\",\"text\":\"%s\"}%n".formatted(commit, text));
    }

    /// Six commits of one level and six of the next: the last compares well with the one before.
    @Test
    void aSlowdownOfAnEarlierCommitStaysAnAlarmUntilItIsAnnotated() throws IOException {
        for (int i = 0; i < 6; i++) {
            record("fast-" + i, 200, 20);
        }
        for (int i = 0; i < 6; i++) {
            record("slow-" + i, 200, 18);
        }
        CommandRun alarm = compare("slow-6", runs(200, 18));
        assertThat(alarm.out())
                .containsPattern("decode +EQUIVALENT")
                .containsPattern("ALARM  one toy-model .* decode: 0.900 of its speed before, since slow-0\n");
        assertThat(alarm.exitCode()).isEqualTo(2);

        annotate("slow-0", "checks bounds");
        CommandRun known = compare("slow-6", runs(200, 18));
        assertThat(known.out()).contains("since slow-0 (known: checks bounds)").doesNotContain("ALARM");
        assertThat(known.exitCode()).isZero();
    }

    @Test
    void comparesWithTheCommitThatIsNamed() throws IOException {
        record("c1", 200, 20);
        record("c2", 200, 18);
        assertThat(compare("c3", runs(200, 18)).exitCode()).isZero();
        assertThat(compare("c3", runs(200, 18), "--against", "c1").exitCode()).isEqualTo(2);
        CommandRun unknown = compare("c3", runs(200, 18), "--against", "c9");
        assertThat(unknown.err()).contains("commit: expected one with", "found c9 with []; recorded are [c1, c2]");
        assertThat(unknown.exitCode()).isEqualTo(4);
        assertThat(compare("c1", runs(200, 20)).out()).contains("baseline: commit c2");
    }

    @Test
    void aCommitIsComparedWithItselfOnlyOnDemand() throws IOException {
        record("c1", 200, 20);
        CommandRun run = compare("c1", runs(200, 20));
        assertThat(run.out()).contains("the only baselines of this machine and JVM are of commit c1 itself");
        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(compare("c1", runs(200, 20), "--against", "c1").exitCode()).isZero();
    }

    @Test
    void whatCannotBeComparedIsSaid() throws IOException {
        record("c1", 200, 20);
        List<String> others = runs(200, 20);
        replace(others, "\"dtype\":\"bf16\"", "\"dtype\":\"f32\"");
        CommandRun dtype = compare("c2", others);
        assertThat(dtype.err())
                .contains("expected a baseline of [one toy-model f32, ", ", found only [one toy-model bf16, ");
        assertThat(dtype.exitCode()).isEqualTo(4);

        replace(others, "\"cpu\":\"", "\"cpu\":\"Another ");
        CommandRun machine = compare("c2", others);
        assertThat(machine.out())
                .contains("there is no baseline of this machine and JVM\n  machine: expected Machine[cpu=Another ");
        assertThat(machine.exitCode()).isEqualTo(3);

        List<String> mixed = List.of(others.getFirst(), run(200, 20, 1e9));
        assertThat(compare("c2", mixed).err()).contains("bench: expected [one toy-model f32, ");
        assertThat(compare("c2", List.of(others.getFirst(), others.getFirst() + "/../run-1.json"))
                        .exitCode())
                .isEqualTo(4);
        assertThat(compare("c1", List.of(folder.resolve("run-1.json").toString()), "--record")
                        .err())
                .contains("the run of 2026-11-23T10:00:00Z is recorded already");
        assertThat(compare("c2", runs(1, 1), "--margin", "0").exitCode()).isEqualTo(64);

        Files.writeString(folder.resolve("perf/broken.jsonl"), "{\"format\":\"assay-baseline/1\"}\n");
        assertThat(compare("c2", runs(1, 1)).err())
                .contains("broken.jsonl: line 1: expected a line of assay-baseline/1");
    }

    private static void replace(List<String> files, String found, String by) throws IOException {
        for (String file : files) {
            String text = Files.readString(Path.of(file));
            assertThat(text).contains(found);
            Files.writeString(Path.of(file), text.replace(found, by));
        }
    }

    @Test
    void thereIsNoSpeedOfAWrongResult() throws IOException {
        String right = Files.readString(Path.of(run(200, 20, 1e9)));
        Path wrong = folder.resolve("wrong.json");
        Files.writeString(wrong, right.replace("\"CONFORMANT\"", "\"NON_CONFORMANT\""));
        CommandRun run = compare("c1", List.of(wrong.toString()));
        assertThat(run.err()).contains("a result was wrong, so there is no speed to compare");
        assertThat(run.exitCode()).isEqualTo(1);
    }
}
