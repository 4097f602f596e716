package dev.assay.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.engine.Execution;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.Goldens;
import dev.assay.report.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// In JVMs that compile differently, the engine is right in each and says what it ran as.
class AttestationTest {
    private static final List<String> CASES = List.of("qwen3-base", "deepseek-v3-base");

    /// Runs in the JVM under test: prints bits, what the engine says of them, and the checks passed.
    static final class Probe {
        private Probe() {}

        @SuppressWarnings("SystemOut") // How the probe answers.
        public static void main(String[] arguments) {
            int passed = 0;
            int checks = 0;
            Execution execution = null;
            for (String id : CASES) {
                GoldenCase golden = Goldens.bundled(id);
                var results = GoldenSuite.run(new VectorEngine(), golden, LoadOptions.defaults(), _ -> {});
                checks += results.size();
                passed += (int) results.stream()
                        .filter(result -> result.outcome() == Outcome.PASS)
                        .count();
                try (var checkpoint = golden.weights().open();
                        Model model = new VectorEngine().load(checkpoint, LoadOptions.defaults())) {
                    execution = model.execution();
                }
            }
            System.out.println(
                    execution.vectorBits() + "|" + execution.decisions().getFirst() + "|" + passed + " of " + checks);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "-Xint,                   0, this JVM only interprets",
        "-XX:TieredStopAtLevel=1, 0, this JVM compiles with C1 only",
        "-XX:-EnableVectorSupport, 0, EnableVectorSupport is off",
        "-XX:-TieredCompilation,  1, run as instructions"
    })
    void saysWhatRanAndIsRight(String option, int asInstructions, String because)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector",
                "-XX:+UnlockExperimentalVMOptions",
                "-XX:+UnlockDiagnosticVMOptions",
                option,
                "-cp",
                System.getProperty("java.class.path"),
                Probe.class.getName()));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        String answer =
                output.lines().filter(line -> line.contains("|")).findFirst().orElse(output);
        String[] parts = answer.split("\\|", -1);
        assertThat(parts).as(output).hasSize(3);
        assertThat(Integer.parseInt(parts[0]) > 0).as(answer).isEqualTo(asInstructions > 0);
        assertThat(parts[1]).contains(because);
        assertThat(parts[2]).matches("([1-9][0-9]*) of \\1");
    }
}
