package dev.assay.cli;

import dev.assay.kernels.KernelRun;
import dev.assay.kernels.KernelSettings;
import dev.assay.kernels.KernelTable;
import dev.assay.report.Verdict;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `assay kernels`: how fast the vector engine's kernels are, one by one.
@Command(
        name = "kernels",
        description = "Measures the vector engine's kernels with JMH, each beside its scalar twin.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "A kernel's result is compared with its twin's before it is timed. Writes " + KernelRun.RESULTS + ",",
            "in JMH's own format, and " + KernelRun.LOG + " into the folder of --out. Exits with 0 if every",
            "kernel was right, 1 if one was not.",
            "",
            "Examples:",
            "  ./assay kernels --list",
            "  ./assay kernels MatVec --param dtype=BF16 --threads 2",
            "  ./assay kernels 'Attention.vector'"
        })
final class KernelsCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @Parameters(
            arity = "0..1",
            paramLabel = "REGEX",
            defaultValue = "",
            description = "Benchmarks whose name contains a match, in either case. Default: all.")
    private String filter = "";

    @Option(
            names = {"-l", "--list"},
            description = "Print the names and measure nothing.")
    private boolean list;

    @Option(
            names = {"-p", "--param"},
            paramLabel = "NAME=VALUE[,VALUE]",
            description = "Values of a parameter, such as dtype=F32,BF16, instead of its own; may be repeated.")
    private Map<String, String> parameters = new LinkedHashMap<>();

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            defaultValue = "1",
            description = "Threads that call at once, each with operands of its own. Default: ${DEFAULT-VALUE}.")
    private int threads;

    @Option(
            names = "--forks",
            paramLabel = "N",
            defaultValue = "1",
            description = "New JVMs for each benchmark. Default: ${DEFAULT-VALUE}.")
    private int forks;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out",
            description = "Folder for the results. Default: ${DEFAULT-VALUE}.")
    private String out = "";

    KernelsCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        requireAtLeastOne("--threads", threads);
        requireAtLeastOne("--forks", forks);
        List<String> names = names();
        if (list) {
            names.forEach(surroundings.out()::println);
            return Verdict.CONFORMANT.exitCode();
        }
        Map<String, List<String>> values = new LinkedHashMap<>();
        parameters.forEach((name, text) -> values.put(name, List.of(text.split(",", -1))));
        Path folder = OutFolder.make(out);
        KernelRun run = new KernelRun(KernelSettings.STANDARD.with(forks, threads, values));
        KernelRun.Outcome outcome;
        try (Progress progress = Progress.of(surroundings, "kernels", names.size())) {
            int[] begun = {0};
            outcome = run.run(names, folder, name -> {
                progress.done(begun[0]++);
                progress.now(name);
            });
        } catch (IOException e) {
            throw new UncheckedIOException("cannot write into " + folder + ": " + e.getMessage(), e);
        }
        surroundings.out().print(KernelTable.render(outcome.rows()));
        outcome.failures().forEach(failure -> surroundings.out().println("FAIL  " + failure));
        surroundings.out().println("results: " + folder.resolve(KernelRun.RESULTS));
        if (outcome.failures().isEmpty()) {
            return Verdict.CONFORMANT.exitCode();
        }
        surroundings.out().println("reproduce: " + AssayCommand.commandLine(spec));
        return Verdict.NON_CONFORMANT.exitCode();
    }

    private static void requireAtLeastOne(String option, int value) {
        if (value < 1) {
            throw new UsageException(option + ": expected at least 1, found " + value);
        }
    }

    private List<String> names() {
        try {
            List<String> names = KernelRun.names(Pattern.compile(filter, Pattern.CASE_INSENSITIVE));
            if (names.isEmpty()) {
                throw new UsageException("no benchmark's name contains a match of '" + filter + "'"
                        + Names.listing("benchmarks", KernelRun.names(Pattern.compile(""))));
            }
            return names;
        } catch (PatternSyntaxException e) {
            throw new UsageException(
                    "REGEX: expected a regular expression, found '" + filter + "': " + e.getDescription());
        }
    }
}
