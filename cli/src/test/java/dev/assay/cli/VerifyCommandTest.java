package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.Engine;
import dev.assay.golden.Goldens;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.mutants.interpret.PlanInterpreter;
import dev.assay.report.CheckResult;
import dev.assay.report.EngineSummary;
import dev.assay.report.Fault;
import dev.assay.report.Outcome;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.report.Verdict;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VerifyCommandTest {
    private static final Schema SCHEMA = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
            .getSchema(ReportJson.schema(), InputFormat.JSON);

    @TempDir
    private Path folder;

    private CommandRun verify(List<Engine> engines, GoldenSource goldens, String... args) {
        List<String> all = new ArrayList<>(List.of("verify", "--out", folder.toString()));
        all.addAll(List.of(args));
        return CommandRun.of(engines, goldens, all.toArray(String[]::new));
    }

    /// The report that was written, after checking it against the schema.
    private Report report() throws IOException {
        Path file = folder.resolve("report.json");
        assertThat(SCHEMA.validate(Files.readString(file), InputFormat.JSON)).isEmpty();
        return ReportJson.read(file);
    }

    @Test
    void aRightEngineIsConformant() throws IOException {
        CommandRun run = verify(List.of(Toy.right("right")), Toy.goldens("one", "two"));

        assertThat(run.err()).isEmpty();
        assertThat(run.exitCode()).isEqualTo(0);
        assertThat(run.out())
                .startsWith("ENGINE  ARCHITECTURE  CASE  CHECK ")
                .containsPattern("\nright +qwen3 +one +one-shot +PASS +110 +0\\.0 % \\* +logits @ (short|long)\n")
                .containsPattern("\nright +qwen3 +two +kv-cache-bytes +PASS +11 +-\n")
                .contains("\nCONFORMANT: PASS 26\n1 engine, 2 cases, 26 checks, ")
                .endsWith("\nevidence on right: full logits\nreport: " + folder.resolve("report.html") + "\n")
                .doesNotContain("\033");
        Report report = report();
        assertThat(report.verdict()).isEqualTo(Verdict.CONFORMANT);
        assertThat(report.suiteVersion()).matches("[0-9].*");
        assertThat(report.goldensSha256()).matches("[0-9a-f]{64}");
        assertThat(report.command()).isEqualTo("./assay verify --out " + folder);
        assertThat(report.shard()).isNull();
        assertThat(report.engines())
                .containsExactly(new EngineSummary(
                        "right", "Toy right", "1.0", "FLOAT32", "hash", 0, List.of("uses 1 threads")));
    }

    @Test
    void aFailureSaysWhatItComesOfAndWhichKnownBugItLooksLike() {
        Engine wrong = Catalogue.mutants().stream()
                .filter(mutant -> mutant.id().equals("S03"))
                .findFirst()
                .orElseThrow()
                .plant(new PlanInterpreter(), Goldens.bundled("smollm3-base"))
                .orElseThrow()
                .engine();

        CommandRun run = verify(List.of(wrong), GoldenSource.ofInstallation(), "--case", "smollm3-base");

        assertThat(run.exitCode()).isEqualTo(Verdict.NON_CONFORMANT.exitCode());
        assertThat(run.out())
                .contains("      context.3 comes of projections of queries, keys and values")
                .contains("      wrong by themselves, given their own inputs: layers 3 4\n")
                .contains(
                        "      looks like S03: layers without rotary counted from 0, not from 1 (explains 100.0000 %");
    }

    @Test
    void everyCaseHasARowForEveryCheckThatApplies() throws IOException {
        verify(List.of(Toy.right("right")), Toy.goldens("one", "two"));

        List<String> checks = new ArrayList<>(GoldenSuite.checkIds());
        // There are no experts to route to, and an engine that returns logits is not asked for less.
        checks.removeAll(List.of("experts-per-token", "routed-experts", "log-probabilities", "greedy-tokens"));
        for (String id : List.of("one", "two")) {
            assertThat(report().results())
                    .filteredOn(result -> result.caseId().equals(id))
                    .extracting(CheckResult::check)
                    .containsExactlyElementsOf(checks);
        }
    }

    @Test
    void aWrongEngineIsNotAndItsFailureIsToldInFull() throws IOException {
        CommandRun run = verify(List.of(Toy.wrong("wrong")), Toy.goldens("one"));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out())
                .contains("\nFAIL  wrong  qwen3  one  one-shot\n")
                .contains("      first divergence: no layer, logits, prompt ")
                .contains("      reproduce: ./assay verify --engine wrong --case one\n")
                .contains("\nNON_CONFORMANT: ");
        assertThat(report().verdict()).isEqualTo(Verdict.NON_CONFORMANT);
    }

    @Test
    void aFailingEngineIsAnError() throws IOException {
        CommandRun run =
                verify(List.of(Toy.failing("failing", new IllegalStateException("no luck"))), Toy.goldens("one"));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(run.out())
                .contains("\nERROR  failing  qwen3  one  one-shot\n      IllegalStateException: no luck\n");
        assertThat(report().results()).extracting(CheckResult::outcome).contains(Outcome.ERROR);
    }

    @Test
    void oneWrongEngineAmongSeveralDecides() throws IOException {
        CommandRun run = verify(List.of(Toy.right("right"), Toy.wrong("wrong")), Toy.goldens("one"));

        assertThat(run.exitCode()).isEqualTo(1);
        assertThat(report().engines()).extracting(EngineSummary::id).containsExactly("right", "wrong");
    }

    @Test
    void anEngineWithoutLogitsIsInconclusive() throws IOException {
        CommandRun run = verify(List.of(Toy.withoutLogits("mute")), Toy.goldens("one"));

        assertThat(run.exitCode()).isEqualTo(3);
        assertThat(run.out())
                .contains("\nevidence on mute: no comparison with the oracle, so it cannot be called conformant\n");
        assertThat(report().verdict()).isEqualTo(Verdict.INCONCLUSIVE);
    }

    @Test
    void anEngineThatWasNamedAndRanNothingIsAFault() throws IOException {
        List<Engine> engines = List.of(Toy.right("right"), Toy.refusing("absent", "no device"));

        CommandRun named = verify(engines, Toy.goldens("one"), "--engine", "absent", "--engine", "right");
        assertThat(named.exitCode()).isEqualTo(4);
        assertThat(named.out()).contains("\nFAULT  absent\n      the engine ran none of its 13 checks: no device\n");
        assertThat(report().verdict()).isEqualTo(Verdict.FAULT);

        CommandRun found = verify(engines, Toy.goldens("one"));
        assertThat(found.exitCode()).isEqualTo(0);
        assertThat(found.out()).contains("PASS 13, UNSUPPORTED 13");
    }

    @Test
    void nothingThatRanIsAFault() throws IOException {
        assertThat(verify(List.of(Toy.refusing("absent", "no device")), Toy.goldens("one"))
                        .exitCode())
                .isEqualTo(4);
        assertThat(report().faults()).extracting(Fault::subject).containsExactly("run");
    }

    @Test
    void noEngineIsAFault() throws IOException {
        CommandRun run = verify(List.of(), Toy.goldens("one"));
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(report().faults()).extracting(Fault::message).containsExactly("no engine is installed");
    }

    @Test
    void aGoldenThatCannotBeBelievedIsAFaultAndTheOthersStillRun() throws IOException {
        CommandRun run = verify(List.of(Toy.right("right")), Toy.goldens("broken-a", "one"));

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out()).contains("""

                        FAULT  broken-a
                              cases/broken-a/config.json: expected SHA-256 00, found 11
                              reproduce: ./assay verify --case broken-a
                        """).contains("\nFAULT: PASS 13; 1 fault\n");
        assertThat(report().results()).hasSize(13);
    }

    @Test
    void aBrokenEngineIsAFaultUnlessOthersWereNamed() throws IOException {
        List<Fault> faults = List.of(new Fault("engines", "Provider x.Y could not be instantiated", "./assay doctor"));
        String[] all = {"verify", "--out", folder.toString()};
        String[] one = {"verify", "--out", folder.toString(), "--engine", "right"};

        CommandRun run = CommandRun.of(List.of(Toy.right("right")), faults, Toy.goldens("one"), Map.of(), false, all);
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.out()).contains("Provider x.Y could not be instantiated");
        assertThat(report().faults()).containsExactlyElementsOf(faults);

        run = CommandRun.of(List.of(Toy.right("right")), faults, Toy.goldens("one"), Map.of(), false, one);
        assertThat(run.exitCode()).isEqualTo(0);

        String[] broken = {"verify", "--out", folder.toString(), "--engine", "y"};
        run = CommandRun.of(List.of(Toy.right("right")), faults, Toy.goldens("one"), Map.of(), false, broken);
        assertThat(run.exitCode()).isEqualTo(64);
        assertThat(run.err()).contains("no engine is named 'y'", "\nProvider x.Y could not be instantiated");
    }

    @Test
    void runsOnlyWhatIsNamed() throws IOException {
        verify(
                List.of(Toy.right("right"), Toy.wrong("wrong")),
                Toy.goldens("one", "two", "three"),
                "--engine",
                "right",
                "--case",
                "two",
                "--case",
                "two",
                "--architecture",
                "qwen3");

        assertThat(report().results())
                .hasSize(13)
                .allMatch(result ->
                        result.engine().equals("right") && result.caseId().equals("two"));
    }

    @Test
    void shardsShareOutEveryPairOnce() throws IOException {
        List<Engine> engines = List.of(Toy.right("a"), Toy.right("b"));
        GoldenSource goldens = Toy.goldens("five", "four", "one", "three", "two");
        verify(engines, goldens);
        List<String> whole = pairs(report());
        assertThat(whole).hasSize(10);

        List<String> parts = new ArrayList<>();
        for (int i = 1; i <= 3; i++) {
            assertThat(verify(engines, goldens, "--shard", i + "/3").out()).contains(" (shard " + i + "/3)");
            assertThat(report().shard()).isEqualTo(i + "/3");
            assertThat(pairs(report())).hasSizeBetween(3, 4);
            parts.addAll(pairs(report()));
        }
        assertThat(parts).containsExactlyInAnyOrderElementsOf(whole);
    }

    private static List<String> pairs(Report report) {
        return report.results().stream()
                .map(result -> result.caseId() + " " + result.engine())
                .distinct()
                .toList();
    }

    @Test
    void reproduceCommandsKeepTheThreads() throws IOException {
        verify(List.of(Toy.right("right")), Toy.goldens("one"), "--threads", "2");
        assertThat(report().results())
                .allMatch(result -> result.reproduce().equals("./assay verify --engine right --case one --threads 2"));
        assertThat(report().engines().getFirst().decisions()).containsExactly("uses 2 threads");
    }

    @Test
    void twoRunsWithTheSameCasesHaveTheSameDigestOfThem() throws IOException {
        verify(List.of(Toy.right("right")), Toy.goldens("one", "two"));
        String both = report().goldensSha256();
        verify(List.of(Toy.wrong("wrong")), Toy.goldens("one", "two"));
        assertThat(report().goldensSha256()).isEqualTo(both);
        verify(List.of(Toy.right("right")), Toy.goldens("one"));
        assertThat(report().goldensSha256()).isNotEqualTo(both);
    }

    @Test
    void coloursAreForTerminalsWithoutNoColor() {
        String[] args = {"verify", "--out", folder.toString()};
        List<Engine> engines = List.of(Toy.right("right"));
        GoldenSource goldens = Toy.goldens("one");

        assertThat(CommandRun.of(engines, List.of(), goldens, Map.of(), true, args)
                        .out())
                .contains("\033[32mPASS\033[0m");
        assertThat(CommandRun.of(engines, List.of(), goldens, Map.of("NO_COLOR", "1"), true, args)
                        .out())
                .doesNotContain("\033");
        assertThat(CommandRun.of(engines, List.of(), goldens, Map.of("TERM", "dumb"), true, args)
                        .out())
                .doesNotContain("\033");
        assertThat(CommandRun.of(engines, List.of(), goldens, Map.of(), false, args)
                        .out())
                .doesNotContain("\033");
    }

    @Test
    void anErrorOfTheEngineEndsTheCommandWithOneLine() {
        CommandRun run = verify(List.of(Toy.dying("dying", new NoClassDefFoundError("x/Y"))), Toy.goldens("one"));
        assertThat(run.exitCode()).isIn(1, 4);
        assertThat(run.out() + run.err()).contains("NoClassDefFoundError: x/Y").doesNotContain("\tat ");
    }

    @Test
    void runningOutOfMemorySaysHowToGetMore() {
        CommandRun run = verify(List.of(Toy.dying("dying", new OutOfMemoryError("heap"))), Toy.goldens("one"));
        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(run.err())
                .contains("assay: out of memory: the Java heap may grow to ", "ASSAY_JAVA_OPTS=-Xmx")
                .contains("\nreproduce: ./assay verify --out " + folder + " --debug\n")
                .doesNotContain("\tat ");
    }
}
