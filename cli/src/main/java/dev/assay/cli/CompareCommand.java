package dev.assay.cli;

import dev.assay.perf.PerfException;
import dev.assay.perf.compare.BaselineFolder;
import dev.assay.perf.compare.Comparisons;
import dev.assay.perf.compare.StoredComparison;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.report.SpeedComparison;
import dev.assay.report.Verdict;
import dev.assay.report.render.ReportFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `assay compare`: whether stored measurements became slower than those of an earlier commit.
@Command(
        name = "compare",
        description = "Compares measurements with those that were kept of an earlier commit.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Baselines are JSON Lines in a folder, a file for each machine and JVM. Only what",
            "the same kind of machine and JVM measured is compared, of the same engine, model,",
            "type of weights and lengths. Give the reports of several runs of bench: one run",
            "says nothing about the noise between runs. The machine's own ceilings are the",
            "control: if they changed, nothing is concluded. Where two commits can be run side",
            "by side, 'assay ab' sees smaller changes.",
            "",
            "A change that is known and wanted is no alarm after a line in annotations.jsonl:",
            "  {\"format\":\"assay-annotation/1\",\"commit\":\"1a2b3c\",\"text\":\"checks bounds\"}",
            "",
            "Exits with 0 if nothing became slower or a first baseline was recorded, 1 if a",
            "result was wrong, 2 if something became slower or has been since a commit before,",
            "3 if the measurement cannot tell or has no baseline.",
            "",
            "Examples:",
            "  ./assay compare --baselines perf --record run-*/report.json",
            "  ./assay compare --baselines perf --against 1a2b3c assay-out/report.json"
        })
final class CompareCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @Parameters(
            paramLabel = "REPORT",
            arity = "1..*",
            description = OutFolder.REPORT_FILE + " of bench, or its folder; several of several runs.")
    private List<String> reports = new ArrayList<>();

    @Option(names = "--baselines", required = true, paramLabel = "DIR", description = "Folder of the baselines.")
    private String baselines = "";

    @Option(
            names = "--against",
            paramLabel = "COMMIT",
            description = "Commit to compare with. Default: the last one that was recorded before.")
    private @Nullable String against;

    @Option(
            names = "--commit",
            paramLabel = "COMMIT",
            description = "Commit that was measured. Default: what git says of this folder.")
    private @Nullable String commit;

    @Option(names = "--record", description = "Keep the reports as baselines, after the comparison.")
    private boolean record;

    @Option(
            names = "--margin",
            paramLabel = "SHARE",
            defaultValue = "" + Comparisons.MARGIN,
            description = "Changes smaller than this are none. Default: ${DEFAULT-VALUE}.")
    private double margin;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out/compare",
            description = OutFolder.DESCRIPTION)
    private String out = "";

    CompareCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws InterruptedException {
        requireShare("--margin", margin);
        Map<String, Report> read = new LinkedHashMap<>();
        for (String given : reports) {
            Path path = Path.of(given);
            Path file = Files.isDirectory(path) ? path.resolve(OutFolder.REPORT_FILE) : path;
            Report report = ReportJson.read(file);
            if (report.verdict() == Verdict.NON_CONFORMANT) {
                surroundings.err().println("assay: " + file + ": a result was wrong, so there is no speed to compare");
                return Verdict.NON_CONFORMANT.exitCode();
            }
            read.put(file.toString(), report);
        }
        String measured = commit == null ? headCommit() : commit;
        StoredComparison stored = StoredComparison.of(read, measured, BaselineFolder.read(Path.of(baselines)));
        Optional<String> unknown = against == null ? stored.unknownMachine() : Optional.empty();
        if (unknown.isPresent()) {
            surroundings.out().println(baselines + ": " + unknown.get());
            recordIfAsked(stored);
            return record ? 0 : Verdict.INCONCLUSIVE.exitCode();
        }
        if (!record && !stored.unmatched().isEmpty()) {
            throw new PerfException(
                    baselines + ": expected a baseline of " + stored.unmatched() + ", found only " + stored.recorded());
        }
        SpeedComparison comparison = stored.compare(against, margin);
        Report report = report(read.values().iterator().next(), comparison);
        ReportFolder.write(report, OutFolder.make(out));
        surroundings.out().print(ComparisonTable.render(comparison));
        stored.unmatched().forEach(of -> surroundings.out().println("first baseline of " + of));
        recordIfAsked(stored);
        surroundings.out().println("report: " + Path.of(out).resolve("report.html"));
        return report.verdict().exitCode();
    }

    static void requireShare(String option, double value) {
        if (!(value > 0 && value < 1)) {
            throw new UsageException(option + ": expected a share between 0 and 1, found " + value);
        }
    }

    private void recordIfAsked(StoredComparison stored) {
        if (record) {
            stored.record();
            surroundings.out().println("recorded in " + baselines);
        }
    }

    /// The first of the reports, with the comparison.
    private Report report(Report of, SpeedComparison comparison) {
        return new Report(
                Report.FORMAT,
                of.suiteVersion(),
                of.goldensSha256(),
                AssayCommand.commandLine(spec),
                null,
                of.startedAt(),
                of.milliseconds(),
                comparison.verdict(),
                List.of(),
                of.environment(),
                of.engines(),
                List.of(),
                of.bench(),
                comparison);
    }

    /// The commit of the checkout in the current folder; marked where files have changed since.
    private static String headCommit() throws InterruptedException {
        try {
            Process git = new ProcessBuilder("git", "describe", "--always", "--abbrev=40", "--dirty", "--exclude=*")
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
            String text = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (git.waitFor() == 0 && !text.isEmpty()) {
                return text;
            }
        } catch (IOException e) {
            throw new UsageException("--commit: expected one, since git cannot be asked: " + e.getMessage());
        }
        throw new UsageException("--commit: expected one, since this folder is no checkout of git");
    }
}
