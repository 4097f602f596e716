package dev.assay.cli;

import dev.assay.perf.PerfException;
import dev.assay.perf.compare.Block;
import dev.assay.perf.compare.Comparisons;
import dev.assay.perf.compare.Metrics;
import dev.assay.perf.compare.QuietHost;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.report.SpeedComparison;
import dev.assay.report.Verdict;
import dev.assay.report.render.ReportFolder;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `assay ab`: whether a change made an engine faster or slower, from runs of both that alternate.
@Command(
        name = "ab",
        description = "Runs two measurements in turn, each in JVMs of its own, and says which is faster.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Each command is run by sh and must write a report of measurements into the folder",
            "that stands for {out}: 'assay bench ... --out {out}', of this checkout or another,",
            "with other options, engines, or ASSAY_JAVA_OPTS before it. The baseline runs under",
            "two names; if it differs from itself, or other programs use the machine, nothing",
            "is concluded. Give --repetitions to bench: samples of one JVM are no substitute",
            "for more blocks.",
            "",
            "Exits with 0 if nothing became slower, 1 if a result was wrong, 2 if something",
            "became slower, 3 if the measurement cannot tell.",
            "",
            "Example:",
            "  ./assay ab --baseline '../main/assay bench --shape qwen3-0.6b --out {out}' \\",
            "      --candidate './assay bench --shape qwen3-0.6b --out {out}'"
        })
final class AbCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @Option(names = "--baseline", required = true, paramLabel = "COMMAND", description = "What to compare with.")
    private String baseline = "";

    @Option(names = "--candidate", required = true, paramLabel = "COMMAND", description = "What to judge.")
    private String candidate = "";

    @Option(
            names = "--blocks",
            paramLabel = "N",
            defaultValue = "5",
            description = "Blocks of six runs: two of the candidate, four of the baseline. Default: ${DEFAULT-VALUE}.")
    private int blocks;

    @Option(
            names = "--margin",
            paramLabel = "SHARE",
            defaultValue = "" + Comparisons.MARGIN,
            description = "Changes smaller than this are none. Default: ${DEFAULT-VALUE}.")
    private double margin;

    @Option(
            names = "--ignore-load",
            description = "Conclude even if other programs use the machine; the baseline must still equal itself.")
    private boolean ignoreLoad;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out",
            description = OutFolder.DESCRIPTION + " The reports of all runs lie in folders below.")
    private String out = "";

    AbCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws InterruptedException {
        long start = System.nanoTime();
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        ReportedRun.requirePlace("--baseline", baseline);
        ReportedRun.requirePlace("--candidate", candidate);
        if (blocks < 2) {
            throw new UsageException("--blocks: expected at least 2, found " + blocks);
        }
        CompareCommand.requireShare("--margin", margin);
        Path folder = OutFolder.make(out);
        Map<String, List<Block>> measured = new LinkedHashMap<>();
        @Nullable String noise = null;
        try (Progress progress = Progress.of(surroundings, "ab", (long) blocks * Block.ORDER.size())) {
            for (int block = 0; block < blocks; block++) {
                if (noise == null && !ignoreLoad) {
                    noise = QuietHost.disturbance().orElse(null);
                }
                run(folder, block, progress)
                        .forEach((metric, own) -> measured.computeIfAbsent(metric, _ -> new ArrayList<>())
                                .add(own));
            }
        } catch (WrongResultException e) {
            surroundings.err().println("assay: " + e.getMessage());
            return Verdict.NON_CONFORMANT.exitCode();
        }
        SpeedComparison comparison = new SpeedComparison(
                baseline,
                candidate,
                Comparisons.CONTROL,
                margin,
                Comparisons.CONFIDENCE,
                Comparisons.of(measured, margin, noise),
                List.of());
        Report last = ReportJson.read(runFolder(folder, blocks - 1, Block.ORDER.lastIndexOf(Block.Side.CANDIDATE))
                .resolve(OutFolder.REPORT_FILE));
        Report report = new Report(
                Report.FORMAT,
                AssayCommand.suiteVersion(),
                last.goldensSha256(),
                AssayCommand.commandLine(spec),
                null,
                startedAt.toString(),
                (System.nanoTime() - start) / 1e6,
                comparison.verdict(),
                List.of(),
                last.environment(),
                last.engines(),
                List.of(),
                last.bench(),
                comparison);
        ReportFolder.write(report, folder);
        surroundings.out().print(ComparisonTable.render(comparison));
        surroundings.out().println("report: " + folder.resolve("report.html"));
        return report.verdict().exitCode();
    }

    private static Path runFolder(Path folder, int block, int run) {
        return folder.resolve("block-" + (block + 1)).resolve("run-" + (run + 1));
    }

    /// One block, by metric.
    private Map<String, Block> run(Path folder, int block, Progress progress) throws InterruptedException {
        Map<String, Map<Block.Side, List<double[]>>> samples = new LinkedHashMap<>();
        @Nullable Set<String> metrics = null;
        for (int i = 0; i < Block.ORDER.size(); i++) {
            Block.Side side = Block.ORDER.get(i);
            progress.now("block " + (block + 1) + ": " + side);
            Path own = runFolder(folder, block, i);
            Map<String, double[]> found = run(side == Block.Side.CANDIDATE ? candidate : baseline, own);
            if (metrics != null && !metrics.equals(found.keySet())) {
                throw new PerfException(own + ": expected measurements of " + metrics + ", found " + found.keySet());
            }
            metrics = found.keySet();
            found.forEach((metric, values) -> samples.computeIfAbsent(metric, _ -> new EnumMap<>(Block.Side.class))
                    .computeIfAbsent(side, _ -> new ArrayList<>())
                    .add(values));
            progress.done((long) block * Block.ORDER.size() + i + 1);
        }
        Map<String, Block> byMetric = new LinkedHashMap<>();
        samples.forEach((metric, sides) -> byMetric.put(
                metric,
                new Block(
                        sides.getOrDefault(Block.Side.BASELINE, List.of()),
                        sides.getOrDefault(Block.Side.AGAIN, List.of()),
                        sides.getOrDefault(Block.Side.CANDIDATE, List.of()))));
        return byMetric;
    }

    /// One run in a process of its own.
    private static Map<String, double[]> run(String command, Path folder) throws InterruptedException {
        Report report = ReportedRun.of(command, folder);
        Path file = folder.resolve(OutFolder.REPORT_FILE);
        if (report.verdict() == Verdict.NON_CONFORMANT) {
            throw new WrongResultException(file + ": a result was wrong, so there is no speed to compare");
        }
        return Metrics.of(report, file.toString());
    }

    /// A run computed something wrong.
    private static final class WrongResultException extends RuntimeException {
        private static final long serialVersionUID = 1L;

        WrongResultException(String message) {
            super(message);
        }
    }
}
