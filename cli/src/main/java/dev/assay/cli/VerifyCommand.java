package dev.assay.cli;

import dev.assay.adapter.stdio.Limits;
import dev.assay.conformance.suite.Profile;
import dev.assay.engine.LoadOptions;
import dev.assay.report.ConsoleReport;
import dev.assay.report.Report;
import dev.assay.report.render.ReportFolder;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `assay verify`: the correctness gate.
@Command(
        name = "verify",
        description = "Compares engines with the golden outputs and says whether they are conformant.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "Writes report.json into the folder of --out, and from it report.html, report.md,",
            "junit.xml, report.sarif and report.csv. Exits with 0 if every engine is",
            "conformant, 1 if one is not, 3 if one returns too little to be judged, 4 if the",
            "goldens or the harness are at fault.",
            "",
            "Examples:",
            "  ./assay verify",
            "  ./assay verify --engine reference --architecture qwen3",
            "  ./assay verify --case my-model/golden",
            "  ./assay verify --engine-command 'python3 my_engine.py' --architecture gpt2",
            "  ./assay verify --shard 2/4 --out shard-2"
        })
final class VerifyCommand implements Callable<Integer> {
    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @Option(
            names = {"-e", "--engine"},
            paramLabel = "ENGINE",
            description = "Engine to verify, installed or of an adapter; may be repeated. "
                    + "Default: every engine that is installed.")
    private List<String> engines = new ArrayList<>();

    @Option(
            names = "--engine-command",
            paramLabel = "COMMAND",
            description = "Shell command that starts an engine to verify, which speaks the stdio protocol "
                    + "(docs/stdio-protocol.md); may be repeated.")
    private List<String> commands = new ArrayList<>();

    @Option(
            names = "--engine-url",
            paramLabel = "URL",
            description = "OpenAI-compatible server to verify, by its address without /v1. It must have loaded the "
                    + "model of the one --case that is named: see ./assay materialize. It is given the key "
                    + "in the environment variable " + EngineSelection.API_KEY + ", if there is one.")
    private @Nullable URI url;

    @Option(
            names = "--time-limit",
            paramLabel = "SECONDS",
            defaultValue = "60",
            description = "How long an engine in a process of its own may take for an answer, and twice that to load "
                    + "a model. Default: ${DEFAULT-VALUE}.")
    private int timeLimit;

    @Mixin
    private CaseOptions cases = new CaseOptions();

    @Option(
            names = "--shard",
            paramLabel = "I/N",
            description = "Only part I of N: every N-th pair of case and engine. The N parts together are the whole.")
    private @Nullable String shard;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out",
            description = OutFolder.DESCRIPTION)
    private String out = "";

    @Mixin
    private ThreadsOption threads = new ThreadsOption();

    VerifyCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() {
        LoadOptions loading = threads.loading();
        Shard part = shard == null ? null : Shard.parse(shard);
        if (url != null && (url.getHost() == null || cases.named() != 1)) {
            throw new UsageException(
                    url.getHost() == null
                            ? "--engine-url: expected an address such as http://localhost:8000, found " + url
                            : "--engine-url: a server has loaded one model: name its case with --case");
        }
        if (timeLimit < 1) {
            throw new UsageException("--time-limit: expected at least 1 second, found " + timeLimit);
        }
        Duration limit = Duration.ofSeconds(timeLimit);
        try (EngineSelection selection = new EngineSelection(
                surroundings, engines, commands, url, new Limits(limit, limit.multipliedBy(2), limit))) {
            return verify(selection, part, loading);
        }
    }

    private int verify(EngineSelection selection, @Nullable Shard part, LoadOptions loading) {
        List<SelectedCase> selected = cases.selected(surroundings.goldens());
        Path folder = OutFolder.make(out);
        String command = AssayCommand.commandLine(spec);
        Report report = new Verification(surroundings, command, loading, Profile.FULL).run(selection, selected, part);
        ReportFolder.write(report, folder);
        surroundings.out().print(ConsoleReport.render(report, surroundings.colours()));
        selection.absent().forEach((id, reason) -> surroundings.out().println("skipped: engine " + id + ": " + reason));
        surroundings.out().println("report: " + folder.resolve("report.html"));
        return report.verdict().exitCode();
    }
}
