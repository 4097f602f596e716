package dev.assay.adapter.stdio;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.LoadOptions;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.report.CheckResult;
import dev.assay.report.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The examples are engines, and right ones, wherever their languages are installed.
class ExamplesTest {
    private static final Path EXAMPLES = Path.of("..", "..", "docs", "examples");

    @TempDir
    private Path folder;

    @Test
    void theOneInPythonIsConformant() {
        assumeTrue(isThere("python3"), "needs python3");
        conformant(List.of(
                "python3",
                EXAMPLES.resolve("engine-python").resolve("engine.py").toString()));
    }

    @Test
    void theOneInCIsConformant() throws IOException, InterruptedException {
        assumeTrue(isThere("cc"), "needs a C compiler");
        Path engine = folder.resolve("engine");
        List<String> compile = List.of(
                "cc",
                "-std=c11",
                "-O2",
                "-Wall",
                "-Wextra",
                "-Werror",
                "-o",
                engine.toString(),
                EXAMPLES.resolve("engine-c").resolve("engine.c").toString(),
                EXAMPLES.resolve("engine-c").resolve("gpt2.c").toString(),
                "-lm");
        assertThat(new ProcessBuilder(compile).inheritIO().start().waitFor()).isZero();
        conformant(List.of(engine.toString()));
    }

    /// Passes every check that it does not decline, on a case of bf16 and one of f16 weights, and declines another
    /// architecture.
    private static void conformant(List<String> command) {
        try (var engine = new StdioEngine(command, Limits.defaults())) {
            for (String id : List.of("gpt2-prefix", "gpt2-unscaled-f16")) {
                GoldenCase golden = Goldens.bundled(id);
                List<CheckResult> results = GoldenSuite.run(engine, golden, LoadOptions.defaults(), _ -> {});
                assertThat(results)
                        .allSatisfy(result ->
                                assertThat(result.outcome()).as("%s", result).isIn(Outcome.PASS, Outcome.UNSUPPORTED));
                assertThat(results)
                        .filteredOn(result -> result.outcome() == Outcome.PASS)
                        .extracting(CheckResult::check)
                        .contains("one-shot", "token-by-token", "reset-and-rerun");
            }
            List<CheckResult> others =
                    GoldenSuite.run(engine, Goldens.bundled("qwen3-base"), LoadOptions.defaults(), _ -> {});
            assertThat(others).extracting(CheckResult::outcome).containsOnly(Outcome.UNSUPPORTED);
        }
    }

    private static boolean isThere(String command) {
        return Stream.of(System.getenv("PATH").split(":")).anyMatch(path -> Files.isExecutable(Path.of(path, command)));
    }
}
