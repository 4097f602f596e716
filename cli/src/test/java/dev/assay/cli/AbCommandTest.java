package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.engine.Engine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The commands compared copy reports with speeds of their own: whether this machine is fit to measure is not for a
/// test to say.
class AbCommandTest {
    @TempDir
    private Path folder;

    private JsonNode report;

    /// A report of a toy, from which others are made.
    @BeforeEach
    void measureOnce() throws IOException {
        report = JsonMapper.shared().readTree(bench(Toy.right("right")).toFile());
    }

    private Path bench(Engine engine) throws IOException {
        Path model = Files.createDirectories(folder.resolve("toy-model"));
        Files.writeString(model.resolve("config.json"), Toy.CONFIG_JSON);
        Toy.WEIGHTS.writeSafetensors(model.resolve("model.safetensors"));
        Path out = folder.resolve(engine.info().id());
        CommandRun.of(
                List.of(Toy.right("reference"), engine),
                Toy.goldens(),
                "bench",
                "--model",
                model.toString(),
                "--engine",
                engine.info().id(),
                "--prompt",
                "5",
                "--decode",
                "3",
                "--repetitions",
                "3",
                "--out",
                out.toString());
        return out.resolve("report.json");
    }

    /// A command that gives the report with these samples of prefill and decode.
    private String command(String name, double prefill, double decode) throws IOException {
        ObjectNode changed = (ObjectNode) report.deepCopy();
        ObjectNode row = (ObjectNode) changed.path("bench").get(0);
        set((ObjectNode) row.get("prefill"), prefill);
        set((ObjectNode) row.get("decode"), decode);
        Path file = folder.resolve(name + ".json");
        Files.writeString(file, changed.toString());
        return "cp " + file + " {out}/report.json";
    }

    private static void set(ObjectNode phase, double speed) {
        phase.put("tokens_per_second", speed);
        ObjectNode spread = (ObjectNode) phase.get("spread");
        spread.put("median", speed);
        spread.put("min", 0.99 * speed);
        spread.put("max", 1.01 * speed);
        ArrayNode samples = spread.putArray("samples");
        samples.add(0.99 * speed).add(speed).add(1.01 * speed);
    }

    private CommandRun ab(String baseline, String candidate, String... args) {
        List<String> all = new ArrayList<>(List.of(
                "ab",
                "--baseline",
                baseline,
                "--candidate",
                candidate,
                "--ignore-load",
                "--out",
                folder.resolve("ab").toString()));
        all.addAll(List.of(args));
        return CommandRun.of(List.of(), Toy.goldens(), all.toArray(String[]::new));
    }

    @Test
    void saysWhatBecameSlowerAndWhatDidNot() throws IOException {
        CommandRun run = ab(command("before", 200, 20), command("after", 200, 18));

        assertThat(run.err()).isEmpty();
        assertThat(run.out())
                .containsPattern("\ntoy-model bf16 decode +SLOWER +0.900 +0.89[0-9]-0.9[01][0-9] ")
                .containsPattern("\ntoy-model bf16 prefill +EQUIVALENT +1.000 ");
        assertThat(run.exitCode()).isEqualTo(2);
        assertThat(folder.resolve("ab/report.json")).exists();
        try (var reports = Files.walk(folder.resolve("ab"))) {
            assertThat(reports.filter(file -> file.endsWith("report.json"))).hasSize(1 + 5 * 6);
        }
    }

    @Test
    void isCalmAboutWhatDidNotBecomeSlower() throws IOException {
        assertThat(ab(command("before", 200, 20), command("after", 200, 20), "--blocks", "3")
                        .exitCode())
                .isEqualTo(0);
        assertThat(ab(command("before", 200, 20), command("after", 300, 20), "--blocks", "3")
                        .exitCode())
                .isEqualTo(0);
        assertThat(ab(command("before", 200, 20), command("after", 200, 18), "--blocks", "3", "--margin", "0.2")
                        .exitCode())
                .isEqualTo(0);
    }

    @Test
    void thereIsNoSpeedOfAWrongResult() throws IOException {
        Path wrong = bench(Toy.wrong("wrong"));
        CommandRun run = ab(command("before", 200, 20), "cp " + wrong + " {out}/report.json");

        assertThat(run.err()).contains("run-2/report.json: a result was wrong, so there is no speed to compare");
        assertThat(run.exitCode()).isEqualTo(1);
    }

    @Test
    void whatCannotBeComparedIsSaid() throws IOException {
        String before = command("before", 200, 20);
        CommandRun broken = ab(before, "echo no luck; exit 7 # {out}");
        assertThat(broken.exitCode()).isEqualTo(4);
        assertThat(broken.err())
                .contains("the command ended with 7 and wrote no ")
                .contains("log.txt");
        assertThat(folder.resolve("ab/block-1/run-2/log.txt")).hasContent("no luck");

        String other = before.replace("before", "other");
        Files.writeString(
                folder.resolve("other.json"),
                Files.readString(folder.resolve("before.json")).replace("toy-model", "another"));
        assertThat(ab(before, other).err())
                .contains("expected measurements of [toy-model bf16 prefill, toy-model bf16 decode], found [another");

        assertThat(ab("./assay bench", before).err()).contains("--baseline: expected {out} where");
        assertThat(ab(before, before, "--blocks", "1").exitCode()).isEqualTo(64);
        assertThat(ab(before, before, "--margin", "2").exitCode()).isEqualTo(64);
    }
}
