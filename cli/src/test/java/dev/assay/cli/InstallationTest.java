package dev.assay.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.networknt.schema.InputFormat;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.assay.adapter.openai.OpenAiEngine;
import dev.assay.adapter.stdio.StdioEngine;
import dev.assay.conformance.suite.GoldenSuite;
import dev.assay.cuda.CudaEngine;
import dev.assay.engine.Engine;
import dev.assay.golden.Goldens;
import dev.assay.kernels.KernelRun;
import dev.assay.mutants.catalogue.Catalogue;
import dev.assay.perf.ceiling.CeilingProbe;
import dev.assay.plan.DecoderPlan;
import dev.assay.reference.ReferenceEngine;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.vector.VectorEngine;
import io.jstach.jstache.JStache;
import io.jstach.jstachio.JStachio;
import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import joptsimple.OptionSpec;
import me.tongfei.progressbar.ProgressBar;
import org.HdrHistogram.Histogram;
import org.apache.commons.math3.util.FastMath;
import org.apache.commons.numbers.combinatorics.BinomialCoefficient;
import org.apache.commons.numbers.core.ArithmeticUtils;
import org.apache.commons.numbers.fraction.ContinuedFraction;
import org.apache.commons.numbers.gamma.Erf;
import org.apache.commons.numbers.rootfinder.BrentSolver;
import org.apache.commons.rng.UniformRandomProvider;
import org.apache.commons.rng.sampling.ArraySampler;
import org.apache.commons.statistics.distribution.NormalDistribution;
import org.erdtman.jcs.JsonCanonicalizer;
import org.jline.terminal.Terminal;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.openjdk.jmh.annotations.Benchmark;
import picocli.CommandLine;
import tools.jackson.core.JsonParser;
import tools.jackson.databind.json.JsonMapper;

/// Runs the command as users do: modules on a module path, engines found by their module, in a JVM of its own.
class InstallationTest {
    /// What the JVM itself says of a module that incubates; no option turns it off.
    private static final String INCUBATES = "WARNING: Using incubator modules: jdk.incubator.vector\n";

    private static final List<Class<?>> MODULES = List.of(
            Main.class,
            Engine.class,
            DecoderPlan.class,
            ReferenceEngine.class,
            Goldens.class,
            Report.class,
            JsonCanonicalizer.class,
            GoldenSuite.class,
            CeilingProbe.class,
            StdioEngine.class,
            OpenAiEngine.class,
            Catalogue.class,
            JStachio.class,
            JStache.class,
            NormalDistribution.class,
            BinomialCoefficient.class,
            ArithmeticUtils.class,
            ContinuedFraction.class,
            Erf.class,
            BrentSolver.class,
            UniformRandomProvider.class,
            ArraySampler.class,
            KernelRun.class,
            Histogram.class,
            VectorEngine.class,
            CudaEngine.class,
            Benchmark.class,
            OptionSpec.class,
            FastMath.class,
            CommandLine.class,
            ProgressBar.class,
            Terminal.class,
            JsonMapper.class,
            JsonParser.class,
            JsonProperty.class);

    @TempDir
    private Path folder;

    private CommandRun assay(String... args) throws IOException, InterruptedException {
        return assay(1, Map.of(), args);
    }

    /// @param tier of the compiler, the last that is used: 1 starts fastest, 4 has vectors
    /// @param variables beside those of this process
    private CommandRun assay(int tier, Map<String, String> variables, String... args)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-XX:TieredStopAtLevel=" + tier,
                "--enable-native-access=dev.assay.cuda",
                "-p",
                MODULES.stream().map(InstallationTest::location).collect(Collectors.joining(File.pathSeparator)),
                "-m",
                "dev.assay.cli/dev.assay.cli.Main"));
        command.addAll(List.of(args));
        Path out = folder.resolve("stdout");
        Path err = folder.resolve("stderr");
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectOutput(out.toFile())
                .redirectError(err.toFile());
        builder.environment().putAll(variables);
        Process process = builder.start();
        process.getOutputStream().close();
        assertThat(process.waitFor(120, TimeUnit.SECONDS)).as("ended in time").isTrue();
        return new CommandRun(
                process.exitValue(),
                Files.readString(out, StandardCharsets.UTF_8),
                Files.readString(err, StandardCharsets.UTF_8));
    }

    private static String location(Class<?> type) {
        try {
            return Path.of(type.getProtectionDomain()
                            .getCodeSource()
                            .getLocation()
                            .toURI())
                    .toString();
        } catch (URISyntaxException e) {
            throw new AssertionError(e);
        }
    }

    @Test
    void verifiesACaseAndWritesAReport() throws IOException, InterruptedException {
        CommandRun run = assay("verify", "--engine", "reference", "--case", "qwen3-base");

        assertThat(run.err()).isEqualTo(INCUBATES);
        assertThat(run.out()).contains("\nCONFORMANT: PASS 13\n").endsWith("report: assay-out/report.html\n");
        assertThat(run.exitCode()).isEqualTo(0);
        String json = Files.readString(folder.resolve("assay-out/report.json"));
        assertThat(SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                        .getSchema(ReportJson.schema(), InputFormat.JSON)
                        .validate(json, InputFormat.JSON))
                .isEmpty();
        Report report = ReportJson.parse(json, "report.json");
        assertThat(report.engines()).singleElement().satisfies(engine -> {
            assertThat(engine.id()).isEqualTo("reference");
            assertThat(engine.backend()).isEqualTo("scalar");
        });
    }

    @Test
    void findsItsEnginesAndItsCases() throws IOException, InterruptedException {
        CommandRun run = assay("list");
        assertThat(run.err()).isEqualTo(INCUBATES);
        assertThat(run.out())
                .contains("CUDA  REFERENCE  VECTOR\n")
                .containsPattern("\nqwen3-base +qwen3 +yes +yes +yes\n");
        assertThat(run.exitCode()).isEqualTo(0);
    }

    /// `./assay list --markdown` prints the part that belongs there.
    @Test
    void theReadmeShowsWhatIsSupported() throws IOException, InterruptedException {
        String readme = Files.readString(Path.of("../README.md"));
        String start = "<!-- support-table -->\n";
        assertThat(readme).containsOnlyOnce(start).containsOnlyOnce("<!-- /support-table -->");
        String table =
                readme.substring(readme.indexOf(start) + start.length(), readme.indexOf("<!-- /support-table -->"));

        assertThat(table.strip()).isEqualTo(assay("list", "--markdown").out().strip());
    }

    @Test
    void listsItsKernelsByName() throws IOException, InterruptedException {
        CommandRun run = assay("kernels", "--list", "^matvec");
        assertThat(run.err()).isEqualTo(INCUBATES);
        assertThat(run.out()).isEqualTo("MatVec.scalar\nMatVec.vector\n");
        assertThat(run.exitCode()).isEqualTo(0);
    }

    @Test
    void measuresAKernelInAJvmOfItsOwn() throws IOException, InterruptedException {
        CommandRun run = assay(4, Map.of(), "kernels", "Dot.vector", "--param", "size=64");
        // JMH's use of Unsafe makes the JVM say more.
        assertThat(run.err()).startsWith(INCUBATES).doesNotContain("assay: ");
        assertThat(run.out()).containsPattern("\nDot +size=64 +[0-9.]+ +- ").endsWith("results: assay-out/jmh.json\n");
        assertThat(run.exitCode()).isEqualTo(0);
    }

    @Test
    void explainsItsConfigurations() throws IOException, InterruptedException {
        CommandRun run = assay("explain", "deepseek-v3-base");
        assertThat(run.err()).isEqualTo(INCUBATES);
        assertThat(run.out()).contains("\n  rope_parameters: Yarn\n    rope_theta: ", "\n  reference: supported: ");
        assertThat(run.exitCode()).isEqualTo(0);
    }

    @Test
    void anEngineInheritsEverythingButTheKeyOfAServer() throws IOException, InterruptedException {
        String command = "echo key: \"${ASSAY_API_KEY-none}\", other: \"$OTHER\" >&2; exit 3";
        CommandRun run = assay(
                1, Map.of("ASSAY_API_KEY", "sk-test", "OTHER", "inherited"), "verify", "--engine-command", command);

        assertThat(run.exitCode()).isEqualTo(4);
        assertThat(Files.readString(folder.resolve("assay-out/report.json")))
                .contains("standard error ends: key: none, other: inherited")
                .doesNotContain("sk-test");
    }

    @Test
    void endsWith64OnAnUnknownEngine() throws IOException, InterruptedException {
        CommandRun run = assay("verify", "--engine", "refrence");
        assertThat(run.err()).contains("did you mean reference?");
        assertThat(run.exitCode()).isEqualTo(64);
        try (Stream<Path> files = Files.list(folder)) {
            assertThat(files.map(Path::getFileName).map(Path::toString)).containsExactlyInAnyOrder("stdout", "stderr");
        }
    }
}
