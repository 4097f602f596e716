package dev.assay.vector;

import static org.assertj.core.api.Assertions.assertThat;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.conformance.compare.Difference;
import dev.assay.conformance.compare.Judge;
import dev.assay.engine.Execution;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapPoint;
import dev.assay.golden.GoldenCase;
import dev.assay.golden.GoldenPrompt;
import dev.assay.golden.Goldens;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// In JVMs that compile differently, the engine is right in each and says what it ran as.
class AttestationTest {
    private static final String CASE = "qwen3-base";

    /// Runs in the JVM under test: prints bits, what the engine says of them, and whether its logits are right.
    /// Vectors that are emulated by an interpreter are slow, so it takes the shorter prompts only.
    static final class Probe {
        private Probe() {}

        @SuppressWarnings("SystemOut") // How the probe answers.
        public static void main(String[] arguments) {
            GoldenCase golden = Goldens.bundled(CASE);
            List<Difference> differences = new ArrayList<>();
            try (Checkpoint checkpoint = golden.weights().open();
                    Model model = new VectorEngine().load(checkpoint, LoadOptions.defaults())) {
                for (GoldenPrompt prompt : golden.prompts()) {
                    int length = prompt.tokens().length;
                    if (length > 3) {
                        continue;
                    }
                    try (Session session = model.newSession(SessionOptions.ofContext(length))) {
                        float[][] logits = ((Prediction.Logits) session.prefill(prompt.tokens())).values(); // [T][V]
                        differences.add(Difference.measure(TapPoint.LOGITS, prompt.id(), prompt.logits(), logits));
                    }
                }
                boolean right = Judge.of(golden).judge(differences).passes();
                Execution execution = model.execution();
                System.out.println(
                        execution.vectorBits() + "|" + execution.decisions().getFirst() + "|" + right);
            }
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
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
        String answer =
                output.lines().filter(line -> line.contains("|")).findFirst().orElse(output);
        String[] parts = answer.split("\\|", -1);
        assertThat(parts).as(output).hasSize(3);
        assertThat(Integer.parseInt(parts[0]) > 0).as(answer).isEqualTo(asInstructions > 0);
        assertThat(parts[1]).contains(because);
        assertThat(parts[2]).isEqualTo("true");
    }
}
