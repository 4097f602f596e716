package dev.assay.cli;

import dev.assay.perf.PerfException;
import dev.assay.report.BenchRow;
import dev.assay.report.ConsoleSweep;
import dev.assay.report.Report;
import dev.assay.report.Sweep;
import dev.assay.report.Sweep.Point;
import dev.assay.report.Verdict;
import dev.assay.report.Verdicts;
import dev.assay.report.render.SweepReport;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `assay sweep`: what settings make of a speed.
@Command(
        name = "sweep",
        description = "Runs a measurement under every combination of some settings, each in a JVM of its own.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "The command is run by sh. {out} in it stands for the folder of a run's report, and",
            "{NAME} for a value of the setting NAME: a number of threads, a context, a type of",
            "weights, flags of the JVM, a JDK, or whatever else the command line can say.",
            "",
            "Writes sweep.html with a table and charts, and sweep.csv; the report of each run",
            "lies in point-1, point-2 and so on. Exits with 0 if every result was right, 1 if one",
            "was not, 4 if a run gave no report.",
            "",
            "Examples:",
            "  ./assay sweep --over threads=1,2 --over dtype=f32,bf16 --command \\",
            "      './assay bench -s qwen3-0.6b -t {threads} --dtype {dtype} -o {out}'",
            "  ./assay sweep --over context=512,2048 --command \\",
            "      './assay bench -s qwen3-0.6b --prompt {context} -o {out}'",
            "  ./assay sweep --over width=128,256,512 --command \\",
            "      'ASSAY_JAVA_OPTS=-Dassay.vector.width={width} ./assay bench \\",
            "      -s qwen3-0.6b -o {out}'",
            "  ./assay sweep --over jvm=-XX:+UseSerialGC,-XX:+UseZGC --command \\",
            "      'ASSAY_JAVA_OPTS={jvm} ./assay bench -s qwen3-0.6b -o {out}'",
            "  ./assay sweep --over jdk=/opt/jdk-25,/opt/jdk-26 --command \\",
            "      'ASSAY_JAVA_HOME={jdk} ./assay bench -s qwen3-0.6b -o {out}'"
        })
final class SweepCommand implements Callable<Integer> {
    private static final Pattern NAME = Pattern.compile("[a-z][a-z0-9-]*");

    private final Surroundings surroundings;

    @Option(
            names = "--command",
            required = true,
            paramLabel = "COMMAND",
            description = "What to run, with {out} and a place for each setting.")
    private String command = "";

    @Option(
            names = "--over",
            required = true,
            paramLabel = "NAME=VALUE,VALUE",
            description = "A setting and its values; may be repeated.")
    private List<String> over = new ArrayList<>();

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out",
            description = "Folder for sweep.html, sweep.csv and the reports of all runs. Default: ${DEFAULT-VALUE}.")
    private String out = "";

    SweepCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws InterruptedException {
        ReportedRun.requirePlace("--command", command);
        Map<String, List<String>> settings = settings();
        List<List<String>> combinations = combinations(settings.values());
        List<String> names = List.copyOf(settings.keySet());
        Path folder = OutFolder.make(out);
        List<Point> points = new ArrayList<>();
        try (Progress progress = Progress.of(surroundings, "sweep", combinations.size())) {
            for (List<String> values : combinations) {
                progress.now(String.join(", ", values));
                points.add(measure(names, values, folder.resolve("point-" + (points.size() + 1))));
                progress.done(points.size());
            }
        }
        Sweep sweep = new Sweep(command, names, points);
        SweepReport.write(sweep, folder);
        surroundings.out().print(ConsoleSweep.render(sweep));
        surroundings.out().println("report: " + folder.resolve("sweep.html"));
        return exitCode(points);
    }

    /// Names with their values, in the order given.
    private Map<String, List<String>> settings() {
        Map<String, List<String>> settings = new LinkedHashMap<>();
        for (String setting : over) {
            int sign = setting.indexOf('=');
            String name = sign < 0 ? setting : setting.substring(0, sign);
            List<String> values =
                    sign < 0 ? List.of() : List.of(setting.substring(sign + 1).split(",", -1));
            if (!NAME.matcher(name).matches() || values.isEmpty() || values.contains("")) {
                throw new UsageException(
                        "--over: expected a name and values such as threads=1,2, found '" + setting + "'");
            }
            if (!command.contains(place(name))) {
                throw new UsageException("--over: the command has no place " + place(name) + " for its values");
            }
            if (settings.put(name, values) != null) {
                throw new UsageException("--over: " + name + " is given twice");
            }
        }
        return settings;
    }

    private static String place(String name) {
        return "{" + name + "}";
    }

    /// Every combination of a value of each, the last changing fastest.
    private static List<List<String>> combinations(Iterable<List<String>> settings) {
        List<List<String>> all = List.of(List.of());
        for (List<String> values : settings) {
            List<List<String>> longer = new ArrayList<>();
            for (List<String> shorter : all) {
                for (String value : values) {
                    List<String> extended = new ArrayList<>(shorter);
                    extended.add(value);
                    longer.add(extended);
                }
            }
            all = longer;
        }
        return all;
    }

    private Point measure(List<String> names, List<String> values, Path folder) throws InterruptedException {
        String filled = command;
        for (int i = 0; i < names.size(); i++) {
            filled = filled.replace(place(names.get(i)), Shell.quote(values.get(i)));
        }
        try {
            Report report = ReportedRun.of(filled, folder);
            return report.bench().isEmpty()
                    ? new Point.Failed(values, folder + ": the report holds no measurements")
                    : new Point.Measured(values, report.bench());
        } catch (PerfException e) {
            return new Point.Failed(values, String.valueOf(e.getMessage()));
        }
    }

    private static int exitCode(List<Point> points) {
        Verdict worst = Verdict.CONFORMANT;
        for (Point point : points) {
            switch (point) {
                case Point.Failed _ -> {
                    return Verdict.FAULT.exitCode();
                }
                case Point.Measured(List<String> _, List<BenchRow> rows) -> {
                    if (rows.stream()
                            .anyMatch(row -> Verdicts.isFailure(row.checked().outcome()))) {
                        worst = Verdict.NON_CONFORMANT;
                    }
                }
            }
        }
        return worst.exitCode();
    }
}
