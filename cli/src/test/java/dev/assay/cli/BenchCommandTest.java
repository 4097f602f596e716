package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.assay.engine.Engine;
import dev.assay.report.BenchRow;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.report.Verdict;
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

class BenchCommandTest {
    private static final Engine REFERENCE = Toy.right("reference");

    @TempDir
    private Path folder;

    private Path model;

    @BeforeEach
    void writeTheModel() throws IOException {
        model = Files.createDirectories(folder.resolve("toy-model"));
        Files.writeString(model.resolve("config.json"), Toy.CONFIG_JSON);
        Toy.WEIGHTS.writeSafetensors(model.resolve("model.safetensors"));
    }

    private CommandRun bench(List<Engine> engines, String... args) {
        List<String> all = new ArrayList<>(List.of("bench", "--out", folder.toString()));
        all.addAll(List.of(args));
        return CommandRun.of(engines, Toy.goldens(), all.toArray(String[]::new));
    }

    private CommandRun benchToy(Engine... engines) {
        return bench(
                List.of(engines),
                "--model",
                model.toString(),
                "--prompt",
                "5",
                "--decode",
                "3",
                "--repetitions",
                "2",
                "--threads",
                "1");
    }

    /// The report that was written, after checking it against the schema.
    private Report report() throws IOException {
        Path file = folder.resolve("report.json");
        assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                        .getSchema(ReportJson.schema(), InputFormat.JSON)
                        .validate(Files.readString(file), InputFormat.JSON))
                .isEmpty();
        return ReportJson.read(file);
    }

    @Test
    void measuresEveryEngineButTheReference() throws IOException {
        CommandRun run = benchToy(REFERENCE, Toy.right("one"), Toy.right("two"));

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .startsWith("ENGINE  MODEL      DTYPE  THREADS  CHECKED ")
                .containsPattern("\none +toy-model +bf16 +1 +PASS +[0-9]")
                .containsPattern("\ntwo +toy-model +bf16 +1 +PASS +[0-9]")
                .contains("      reproduce: ./assay bench --model " + model
                        + " --threads 1 --engine two --prompt 5 --decode 3 --repetitions 2\n")
                .endsWith("report: " + folder.resolve("report.html") + "\n");
        Report report = report();
        assertThat(report.verdict()).isEqualTo(Verdict.CONFORMANT);
        assertThat(report.results()).isEmpty();
        assertThat(report.bench()).extracting(BenchRow::engine).containsExactly("one", "two");
        assertThat(report.engines()).extracting(engine -> engine.backend()).containsExactly("hash", "hash");
        BenchRow row = report.bench().getFirst();
        assertThat(row.shape()).isEqualTo(new BenchRow.Shape("qwen3", 2, 2));
        // Four positions and four timed rows of eleven logits.
        assertThat(row.checked().elements()).isEqualTo(88);
        // Two layers of a KV head of four, keys and values, in float32, for eight positions.
        assertThat(row.kvCache()).isEqualTo(new BenchRow.KvCache(512L, 512));
    }

    @Test
    void keepsEveryLatencyOfWhatIsRight() throws IOException {
        CommandRun run = bench(
                List.of(REFERENCE, Toy.right("one"), Toy.wrong("wrong")),
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
                "--sessions",
                "2",
                "--rate",
                "1000",
                "--requests",
                "4");

        assertThat(run.out())
                .contains("time to first token: p50 ", "inter-token latency: ", " ms of 6\n")
                .contains("2 sessions in turn: ", "open loop, 4 requests at 1000.000/s")
                .contains("--sessions 2 --rate 1000.0 --requests 4\n");
        assertThat(Files.readAllLines(folder.resolve("latency.hlog")))
                .filteredOn(line -> line.startsWith("Tag="))
                .extracting(line -> line.substring(0, line.indexOf(',')))
                .startsWith(
                        "Tag=one/toy-model/bf16/2-layers/ttft",
                        "Tag=one/toy-model/bf16/2-layers/tpot",
                        "Tag=one/toy-model/bf16/2-layers/itl")
                .contains("Tag=one/toy-model/bf16/2-layers/session-2/itl")
                .contains("Tag=one/toy-model/bf16/2-layers/open-loop/waiting")
                .noneMatch(tag -> tag.contains("wrong"));
        BenchRow row = report().bench().getFirst();
        assertThat(row.requests()).isNotNull();
    }

    /// Outside of this JVM: what starts and crashes is a row of its own, and the other engine is measured.
    @Test
    void anEngineInAProcessOfItsOwnIsMeasuredToo() throws IOException {
        CommandRun run = bench(
                List.of(REFERENCE, Toy.right("one")),
                "--model",
                model.toString(),
                "--engine",
                "one",
                "--engine-command",
                EngineProcessTest.CRASHING,
                "--prompt",
                "5",
                "--decode",
                "3",
                "--repetitions",
                "1",
                "--threads",
                "1");

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(report().bench()).extracting(BenchRow::engine).containsExactly("one", "script");
        assertThat(report().bench().getLast().checked().message()).contains("the process ended with exit code 7");
        assertThat(report().bench().getLast().reproduce()).contains("bench", "--engine-command 'read -r a; echo ");
    }

    @Test
    void anEngineThatIsWrongGetsNoFigures() throws IOException {
        CommandRun run = benchToy(REFERENCE, Toy.wrong("wrong"));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out())
                .containsPattern("\nwrong +toy-model +bf16 +1 +FAIL +- +- +- +-\n")
                .contains("      the check run is off the reference\n");
        BenchRow row = report().bench().getFirst();
        assertThat(row.checked().outcome()).isEqualTo(Outcome.FAIL);
        assertThat(row.checked().logitsSha256()).isNotNull();
        assertThat(row.prefill()).isNull();
    }

    @Test
    void anEngineThatThrowsFails() throws IOException {
        CommandRun run = benchToy(REFERENCE, Toy.failing("broken", new IllegalStateException("no more")));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(report().bench().getFirst().checked().message()).contains("no more");
    }

    @Test
    void nothingMeasuredIsAFault() throws IOException {
        CommandRun run = benchToy(REFERENCE, Toy.refusing("unable", "no kernel for anything"));

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out()).contains("FAULT  run\n      no engine ran the model: no kernel for anything\n");
        assertThat(report().verdict()).isEqualTo(Verdict.FAULT);
    }

    /// Nothing is allocated for any of these.
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
                    --shape qwen3-0.6c                        | no published model is named 'qwen3-0.6c'; did you mean
                    --shape gpt-oss-20b                       | gpt-oss-20b cannot be run:
                    --shape qwen3-0.6b --layers 29            | --layers: expected 1 to 28 layers, found 29
                    --shape qwen3-0.6b --layers 4,29          | --layers: expected 1 to 28 layers, found 29
                    --shape qwen3-0.6b --sessions 0           | --sessions: expected at least 1, found 0
                    --shape qwen3-0.6b --rate 0               | --rate: expected requests a second above 0, found 0.0
                    --shape qwen3-0.6b --rate 1 --requests 0  | --requests: expected at least 1, found 0
                    --shape qwen3-0.6b --requests 5           | --requests: is for --rate
                    --shape deepseek-v3 --layers 1            | layer 2 is the first with experts
                    --shape qwen3-0.6b --dtype fp8            | --dtype: Qwen3: expected a weight_block_size
                    --shape qwen3-0.6b --dtype q4             | expected one of [f32, bf16, f16, fp8]
                    --shape kimi-k2                           | kimi-k2 as bf16 with 61 layers needs
                    --shape qwen3-0.6b --threads 100000       | --threads: found 100000, and this machine has
                    --shape qwen3-0.6b --threads 0            | --threads: expected at least 1, found 0
                    --shape qwen3-0.6b --prompt 0             | --prompt: expected at least 1, found 0
                    --shape qwen3-0.6b --decode 0             | --decode: expected at least 1, found 0
                    --shape qwen3-0.6b --repetitions 0        | --repetitions: expected at least 1, found 0
                    --shape qwen3-0.6b --engine vectr         | no engine is named 'vectr'
                    --shape qwen3-0.6b --model here           | mutually exclusive
                    --prompt 8                                | specify one of these
                    --model nowhere                           | --model: nowhere: expected a folder
                    --model nowhere --layers 2                | --layers is for --shape
                    --model nowhere --dtype f32               | --dtype is for --shape
                    """)
    void refusesBadInputAndSaysWhatWouldDo(String arguments, String message) {
        CommandRun run = bench(List.of(REFERENCE, Toy.right("one")), arguments.split(" "));

        assertThat(run.err()).contains(message);
        assertThat(run.exitCode()).isEqualTo(64);
        assertThat(run.out()).isEmpty();
    }

    @Test
    void namesTheFiguresOfAModelThatDoesNotFit() {
        assertThat(bench(List.of(REFERENCE, Toy.right("one")), "--shape", "kimi-k2")
                        .err())
                .contains(": weights 19", " GiB, KV cache ", " of memory", "; --layers N measures a slice of a shape");
    }

    @Test
    void theReferenceIsMeasuredOnlyWhenNamed() {
        assertThat(benchToy(REFERENCE).err()).contains("no engine is installed but the reference");
        assertThat(benchToy(REFERENCE).exitCode()).isEqualTo(64);
        assertThat(benchToy(Toy.right("one")).err()).contains("the engine 'reference', which checks every result,");
    }
}
