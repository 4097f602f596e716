package dev.assay.kernels;

import java.io.File;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.results.format.ResultFormatFactory;
import org.openjdk.jmh.results.format.ResultFormatType;
import org.openjdk.jmh.runner.BenchmarkList;
import org.openjdk.jmh.runner.BenchmarkListEntry;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.format.OutputFormat;
import org.openjdk.jmh.runner.format.OutputFormatFactory;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Runs benchmarks of kernels through JMH and writes its results and its log into a folder.
public final class KernelRun {
    /// JMH's results, in its own format.
    public static final String RESULTS = "jmh.json";
    /// What JMH says meanwhile.
    public static final String LOG = "jmh.log";

    private static final String PACKAGE = KernelRun.class.getPackageName() + ".";

    private final KernelSettings settings;

    public KernelRun(KernelSettings settings) {
        this.settings = settings;
    }

    /// What came of it.
    ///
    /// @param rows of the kernels that were right
    /// @param failures of the others: which, and what was expected and found
    public record Outcome(List<KernelRow> rows, List<String> failures) {}

    /// The benchmarks whose name contains a match of the pattern, in alphabetical order: `MatVec.scalar`,
    /// `MatVec.vector`.
    public static List<String> names(Pattern filter) {
        PrintStream nowhere = new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
        return BenchmarkList.defaultList()
                .getAll(OutputFormatFactory.createFormatInstance(nowhere, VerboseMode.SILENT), List.of())
                .stream()
                .map(BenchmarkListEntry::getUsername)
                .filter(name -> name.startsWith(PACKAGE))
                .map(name -> name.substring(PACKAGE.length()))
                .filter(filter.asPredicate())
                .sorted()
                .toList();
    }

    /// Runs benchmarks one after another. One that fails leaves the others their results.
    ///
    /// @param names as [#names] gives them
    /// @param folder receives [#RESULTS] and [#LOG]
    /// @param progress is told each name before its turn
    /// @throws IOException if the files cannot be written
    public Outcome run(List<String> names, Path folder, Consumer<String> progress) throws IOException {
        shareModulesWithForks();
        List<RunResult> results = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        try (PrintStream log =
                new PrintStream(Files.newOutputStream(folder.resolve(LOG)), true, StandardCharsets.UTF_8)) {
            OutputFormat format = OutputFormatFactory.createFormatInstance(log, VerboseMode.NORMAL);
            for (String name : names) {
                progress.accept(name);
                try {
                    results.addAll(new Runner(options(name).build(), format).run());
                } catch (RunnerException e) {
                    failures.add(name + ": " + reason(e));
                }
            }
        }
        try (PrintStream json =
                new PrintStream(Files.newOutputStream(folder.resolve(RESULTS)), false, StandardCharsets.UTF_8)) {
            ResultFormatFactory.getInstance(ResultFormatType.JSON, json).writeOut(results);
        }
        return new Outcome(results.stream().map(KernelRun::row).toList(), failures);
    }

    private OptionsBuilder options(String name) {
        OptionsBuilder options = new OptionsBuilder();
        options.include("^" + Pattern.quote(PACKAGE + name) + "$")
                .forks(settings.forks())
                .threads(settings.threads())
                .measurementIterations(settings.iterations())
                .measurementTime(TimeValue.milliseconds(settings.iterationMillis()))
                .warmupIterations(settings.warmupIterations())
                .warmupTime(TimeValue.milliseconds(settings.iterationMillis()))
                .jvmArgs(inheritedArguments())
                .addProfiler(RooflineProfiler.class)
                .shouldFailOnError(true);
        settings.parameters().forEach((parameter, values) -> options.param(parameter, values.toArray(String[]::new)));
        return options;
    }

    /// JMH starts its JVMs with the class path of this one, which is empty if this one has a module path: then its
    /// folders of jars, and folders of classes, become the class path. On a class path no module is closed, and
    /// benchmarks may be generated into any package.
    private static void shareModulesWithForks() {
        String modulePath = System.getProperty("jdk.module.path");
        if (modulePath != null) {
            System.setProperty(
                    "java.class.path",
                    Arrays.stream(modulePath.split(Pattern.quote(File.pathSeparator)))
                            .map(entry -> isFolderOfJars(entry) ? entry + File.separator + "*" : entry)
                            .collect(Collectors.joining(File.pathSeparator)));
        }
    }

    private static boolean isFolderOfJars(String entry) {
        Path path = Path.of(entry);
        return Files.isDirectory(path) && !Files.exists(path.resolve("module-info.class"));
    }

    /// Options of this JVM that change how code runs, such as huge pages or a vector width: forks have them too.
    private static String[] inheritedArguments() {
        return ManagementFactory.getRuntimeMXBean().getInputArguments().stream()
                .filter(argument -> argument.startsWith("-X") || argument.startsWith("-D"))
                // What belongs to the classes and the main module of this JVM.
                .filter(argument -> !argument.startsWith("-XX:AOT")
                        && !argument.startsWith("-Xlog:")
                        && !argument.startsWith("-Djdk.module."))
                .toArray(String[]::new);
    }

    /// The message of what a benchmark threw, which JMH hides among causes and suppressed exceptions of its own.
    /// Without forks it keeps it for its log.
    private static String reason(RunnerException e) {
        return causes(e)
                .filter(cause -> !cause.getClass().getName().startsWith("org.openjdk.jmh."))
                .map(Throwable::getMessage)
                .filter(Objects::nonNull)
                .findFirst()
                .orElseGet(() -> e.getMessage() + ", see " + LOG);
    }

    private static Stream<Throwable> causes(Throwable e) {
        return Stream.concat(
                Stream.of(e),
                Stream.concat(Stream.ofNullable(e.getCause()), Arrays.stream(e.getSuppressed()))
                        .flatMap(KernelRun::causes));
    }

    @SuppressWarnings("rawtypes") // JMH's.
    private static KernelRow row(RunResult result) {
        var params = result.getParams();
        String name = params.getBenchmark().substring(PACKAGE.length());
        int dot = name.indexOf('.');
        return new KernelRow(
                name.substring(0, dot),
                name.substring(dot + 1),
                params.getParamsKeys().stream()
                        .map(key -> key + "=" + params.getParam(key))
                        .collect(Collectors.joining(" ")),
                result.getPrimaryResult().getScore(),
                result.getSecondaryResults().entrySet().stream()
                        .collect(Collectors.toMap(
                                Map.Entry::getKey, entry -> entry.getValue().getScore())));
    }
}
