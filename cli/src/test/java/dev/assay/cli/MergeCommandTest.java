package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.engine.Engine;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MergeCommandTest {
    private static final GoldenSource GOLDENS = Toy.goldens("five", "four", "one", "three", "two");

    @TempDir
    Path folder;

    private Path verify(List<Engine> engines, GoldenSource goldens, String name, String... args) {
        List<String> all =
                new ArrayList<>(List.of("verify", "--out", folder.resolve(name).toString()));
        all.addAll(List.of(args));
        CommandRun.of(engines, goldens, all.toArray(String[]::new));
        return folder.resolve(name);
    }

    private CommandRun merge(Path... parts) {
        List<String> all = new ArrayList<>(
                List.of("merge", "--out", folder.resolve("merged").toString()));
        for (Path part : parts) {
            all.add(part.toString());
        }
        return CommandRun.of(List.of(), GOLDENS, all.toArray(String[]::new));
    }

    @Test
    void thePartsOfARunMakeTheReportOfTheWhole() {
        List<Engine> engines = List.of(Toy.right("a"), Toy.wrong("b"));
        Report whole = ReportJson.read(verify(engines, GOLDENS, "whole").resolve("report.json"));
        Path[] parts = new Path[3];
        for (int i = 0; i < 3; i++) {
            parts[2 - i] = verify(engines, GOLDENS, "part" + i, "--shard", (i + 1) + "/3");
        }

        CommandRun run = merge(parts);

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(1);
        Report merged = ReportJson.read(folder.resolve("merged/report.json"));
        assertThat(merged)
                .usingRecursiveComparison()
                .ignoringFieldsMatchingRegexes(".*milliseconds", "command", "startedAt")
                .isEqualTo(whole);
        assertThat(run.out()).doesNotContain("shard");
    }

    @Test
    void partsThatAreNotOfOneRunAreRefused() {
        List<Engine> engines = List.of(Toy.right("a"));
        Path first = verify(engines, GOLDENS, "first", "--shard", "1/2");
        Path second = verify(engines, GOLDENS, "second", "--shard", "2/2");
        Path third = verify(engines, GOLDENS, "third", "--shard", "2/3");
        Path whole = verify(engines, GOLDENS, "whole");
        Path otherCases = verify(engines, Toy.goldens("one", "two"), "cases", "--shard", "2/2");
        Path otherEngine = verify(List.of(Toy.right("b")), GOLDENS, "engine", "--shard", "2/2");

        refused("shard 2/2 is missing: found [1]", first);
        refused("shard 1/2 is also that of " + first, first, verify(engines, GOLDENS, "again", "--shard", "1/2"));
        refused("shard: expected one of 2, found 2/3", first, third);
        refused("shard: expected a part of a run, found the report of a whole one", first, whole);
        refused("goldens_sha256: expected", first, otherCases);
        refused("engines: expected a 1.0 (FLOAT32) as in", first, otherEngine);
        refused("cannot be read", first, folder.resolve("nowhere"));
        assertThat(merge(first, second).exitCode()).isEqualTo(0);
        assertThat(merge(first, first).exitCode()).isEqualTo(64);
        assertThat(merge().exitCode()).isEqualTo(64);
    }

    private void refused(String message, Path... parts) {
        CommandRun run = merge(parts);
        assertThat(run.err()).contains(message);
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(Files.exists(folder.resolve("merged"))).isFalse();
    }
}
