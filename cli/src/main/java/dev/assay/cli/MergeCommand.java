package dev.assay.cli;

import dev.assay.report.ConsoleReport;
import dev.assay.report.Report;
import dev.assay.report.ReportJson;
import dev.assay.report.ReportMerge;
import dev.assay.report.render.ReportFolder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/// `assay merge`: the report of a whole verification from those of its parts.
@Command(
        name = "merge",
        description = "Makes one report of those that the parts of a verification wrote.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Refuses parts that are missing, given twice, or of another version, other engines",
            "or other golden cases. Exits as verify does.",
            "",
            "Example:",
            "  ./assay merge shard-1 shard-2 shard-3 --out merged"
        })
final class MergeCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @Parameters(
            paramLabel = "DIR",
            arity = "1..*",
            description = "Folder that verify --shard I/N --out DIR wrote its " + OutFolder.REPORT_FILE
                    + " into, or the file itself.")
    private List<String> parts = new ArrayList<>();

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out",
            description = OutFolder.DESCRIPTION)
    private String out = "";

    MergeCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        Map<String, Report> reports = new LinkedHashMap<>();
        for (String part : parts) {
            Path path = Path.of(part);
            Path file = Files.isDirectory(path) ? path.resolve(OutFolder.REPORT_FILE) : path;
            if (reports.put(file.toString(), ReportJson.read(file)) != null) {
                throw new UsageException(file + " is given twice");
            }
        }
        String command = AssayCommand.commandLine(spec);
        Report merged = ReportMerge.merge(reports, command);
        Path folder = OutFolder.make(out);
        ReportFolder.write(merged, folder);
        surroundings.out().print(ConsoleReport.render(merged, surroundings.colours()));
        surroundings.out().println("report: " + folder.resolve("report.html"));
        return merged.verdict().exitCode();
    }
}
