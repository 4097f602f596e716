package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SweepCommandTest {
    @TempDir
    private Path folder;

    /// Reports of a right and of a wrong toy, which commands copy.
    @BeforeEach
    void measureOnce() throws IOException {
        Path model = Files.createDirectories(folder.resolve("toy-model"));
        Files.writeString(model.resolve("config.json"), Toy.CONFIG_JSON);
        Toy.WEIGHTS.writeSafetensors(model.resolve("model.safetensors"));
        CommandRun.of(
                List.of(Toy.right("reference"), Toy.right("right"), Toy.wrong("wrong")),
                Toy.goldens(),
                "bench",
                "--model",
                model.toString(),
                "--engine",
                "right",
                "--prompt",
                "5",
                "--decode",
                "3",
                "--repetitions",
                "2",
                "--threads",
                "1",
                "--out",
                folder.resolve("right").toString());
        CommandRun.of(
                List.of(Toy.right("reference"), Toy.wrong("wrong")),
                Toy.goldens(),
                "bench",
                "--model",
                model.toString(),
                "--prompt",
                "5",
                "--decode",
                "3",
                "--repetitions",
                "2",
                "--threads",
                "1",
                "--out",
                folder.resolve("wrong").toString());
    }

    private CommandRun sweep(String... args) {
        List<String> all = new ArrayList<>(
                List.of("sweep", "--out", folder.resolve("sweep").toString()));
        all.addAll(List.of(args));
        return CommandRun.of(List.of(), Toy.goldens(), all.toArray(String[]::new));
    }

    private String copy(String report) {
        return "cp " + folder.resolve(report) + "/report.json {out}/report.json";
    }

    @Test
    void runsEveryCombinationInAProcessOfItsOwn() throws IOException {
        CommandRun run = sweep(
                "--over",
                "threads=1,2",
                "--over",
                "flags=-Xa b,c'd",
                "--command",
                "echo {threads} {flags} && " + copy("right"));

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .startsWith("THREADS  FLAGS  ENGINE  MODEL ")
                .containsPattern("\n1 +-Xa b +right +toy-model bf16 +PASS +[0-9]")
                .containsPattern("\n2 +c'd +right +toy-model bf16 +PASS +[0-9]")
                .endsWith("report: " + folder.resolve("sweep/sweep.html") + "\n");
        assertThat(folder.resolve("sweep/point-1/log.txt")).hasContent("1 -Xa b");
        assertThat(folder.resolve("sweep/point-4/log.txt")).hasContent("2 c'd");
        assertThat(Files.readString(folder.resolve("sweep/sweep.html")))
                .contains("threads 2, flags c&#x27;d: right, toy-model bf16", "Decode, tokens/s")
                .doesNotContain("<script");
        assertThat(Files.readAllLines(folder.resolve("sweep/sweep.csv")))
                .hasSize(5)
                .first()
                .asString()
                .startsWith("threads,flags,engine,model,");
    }

    @Test
    void aWrongResultIsAFailureAndARunWithoutAReportAFault() {
        CommandRun wrong = sweep("--over", "which=right,wrong", "--command", copy("{which}"));
        assertThat(wrong.exitCode()).isEqualTo(1);
        assertThat(wrong.out()).containsPattern("\nwrong +wrong +toy-model bf16 +FAIL +- +- +- +-\n");

        CommandRun broken = sweep("--over", "which=right,nothing", "--command", "echo no luck; " + copy("{which}"));
        assertThat(broken.exitCode()).isEqualTo(4);
        assertThat(broken.out())
                .containsPattern("\nright +right +toy-model bf16 +PASS ")
                .containsPattern("\nnothing +- +- +no report ")
                .contains("nothing: the command ended with 1 and wrote no ");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    threads=1,2  | run {threads}         | --command: expected {out} where
                    threads=1,2  | run {out}             | the command has no place {threads} for its values
                    threads      | run {threads} {out}   | --over: expected a name and values such as threads=1,2
                    threads=     | run {threads} {out}   | --over: expected a name and values such as threads=1,2
                    threads=1,,2 | run {threads} {out}   | --over: expected a name and values such as threads=1,2
                    """)
    void refusesWhatCannotBeSwept(String over, String command, String message) {
        CommandRun run = sweep("--over", over, "--command", command);

        assertThat(run.exitCode()).isEqualTo(64);
        assertThat(run.err()).contains(message);
    }

    @Test
    void aSettingIsGivenOnce() {
        assertThat(sweep("--over", "a=1", "--over", "a=2", "--command", "run {a} {out}")
                        .err())
                .contains("--over: a is given twice");
    }
}
