package dev.assay.cli;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.config.ConfigException;
import dev.assay.config.ModelConfig;
import dev.assay.engine.Availability;
import dev.assay.engine.Engine;
import dev.assay.golden.Goldens;
import dev.assay.golden.PublishedModel;
import dev.assay.perf.model.BenchModel;
import dev.assay.perf.model.MemoryNeed;
import dev.assay.perf.model.WeightType;
import dev.assay.perf.run.Benchmark;
import dev.assay.perf.run.Settings;
import dev.assay.perf.run.Workload;
import dev.assay.report.BenchRow;
import dev.assay.report.ConsoleBench;
import dev.assay.report.Environment;
import dev.assay.report.EnvironmentProbe;
import dev.assay.report.Fault;
import dev.assay.report.Report;
import dev.assay.report.Verdicts;
import dev.assay.report.render.ReportFolder;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// `assay bench`: how fast engines are, of those whose results are right.
@Command(
        name = "bench",
        description = "Measures how fast engines run a model, and checks what they computed meanwhile.",
        optionListHeading = "%nOptions:%n",
        footer = {
            "",
            "A row has figures only if the logits of the timed run were checked against the",
            "reference. Published shapes are measured with synthetic weights: nothing is",
            "downloaded. Close other programs first; every share is relative to what this machine",
            "reads and computes in the same run.",
            "",
            "Writes report.json into the folder of --out, and the same as HTML, Markdown, JUnit",
            "XML, SARIF and CSV. Exits with 0 if every result was right, 1 if one was not, 4",
            "if nothing could be measured.",
            "",
            "Examples:",
            "  ./assay bench --shape qwen3-0.6b",
            "  ./assay bench --shape qwen3-0.6b --shape llama-3.2-1b --dtype f32 --dtype bf16",
            "  ./assay bench --shape deepseek-v3 --dtype fp8 --layers 2 --prompt 64",
            "  ./assay bench --model my-model --engine vector --threads 1"
        })
final class BenchCommand implements Callable<Integer> {
    private static final String REFERENCE = "reference";

    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Subject subject = new Subject();

    /// What to measure: one of the two.
    private static final class Subject {
        @Option(
                names = {"-s", "--shape"},
                paramLabel = "MODEL",
                description = "Published model whose shape to measure, with synthetic weights; may be repeated.")
        private List<String> shapes = new ArrayList<>();

        @Option(
                names = {"-m", "--model"},
                paramLabel = "DIR",
                description = "Folder with a model: config.json and model.safetensors, or an index and shards.")
        private @Nullable String model;
    }

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            description = "Type of a shape's weights: ${COMPLETION-CANDIDATES}; may be repeated. Default: bf16.")
    private List<WeightType> dtypes = new ArrayList<>();

    @Option(
            names = "--layers",
            paramLabel = "N",
            description = "Only the first N layers of a shape, at full width, for models that are too large.")
    private @Nullable Integer layers;

    @Option(
            names = {"-e", "--engine"},
            paramLabel = "ENGINE",
            description = "Engine to measure; may be repeated. Default: every installed one but the reference.")
    private List<String> engines = new ArrayList<>();

    @Option(
            names = "--prompt",
            paramLabel = "N",
            defaultValue = "512",
            description = "Tokens of the prompt. Default: ${DEFAULT-VALUE}.")
    private int prompt;

    @Option(
            names = "--decode",
            paramLabel = "N",
            defaultValue = "64",
            description = "Tokens to decode after it. Default: ${DEFAULT-VALUE}.")
    private int decode;

    @Option(
            names = {"-t", "--threads"},
            paramLabel = "N",
            description = "Threads an engine may use. Default: one for each processor.")
    private @Nullable Integer threads;

    @Option(
            names = {"-r", "--repetitions"},
            paramLabel = "N",
            defaultValue = "5",
            description = "Timed repetitions. Default: ${DEFAULT-VALUE}.")
    private int repetitions;

    @Option(
            names = {"-o", "--out"},
            paramLabel = "DIR",
            defaultValue = "assay-out",
            description = OutFolder.DESCRIPTION)
    private String out = "";

    BenchCommand(Surroundings surroundings) {
        this.surroundings = surroundings;
    }

    @Override
    public Integer call() throws InterruptedException {
        long start = System.nanoTime();
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        Environment environment = EnvironmentProbe.probe();
        Settings settings = settings(environment);
        Engines installed = surroundings.engines().get();
        Engine reference = installed.byId().get(REFERENCE);
        if (reference == null) {
            throw new UsageException("the engine '" + REFERENCE + "', which checks every result, is not installed");
        }
        SortedMap<String, ObservedEngine> selected = selected(installed);
        Path folder = OutFolder.make(out);
        String command = Shell.command(
                spec.root().commandLine().getParseResult().originalArgs().toArray(String[]::new));

        List<Fault> faults = new ArrayList<>(engines.isEmpty() ? installed.faults() : List.of());
        List<BenchRow> rows = new ArrayList<>();
        List<BenchModel> models = models();
        models.forEach(model -> requireFit(model, environment, settings));
        try (Progress progress = Progress.of(surroundings, "bench", (long) models.size() * selected.size())) {
            var benchmark = new Benchmark(settings, reference, new DeviationRule(), progress::now);
            for (BenchModel model : models) {
                Workload workload =
                        Workload.random(prompt, decode, model.config().vocabSize());
                try (Checkpoint checkpoint = model.checkpoint().get()) {
                    for (Map.Entry<String, ObservedEngine> engine : selected.entrySet()) {
                        String reproduce = reproduce(model, engine.getKey());
                        rows.add(benchmark.run(engine.getValue(), model, checkpoint, workload, reproduce));
                        progress.done(rows.size());
                    }
                }
            }
        }
        if (faults.isEmpty()
                && rows.stream().noneMatch(row -> Verdicts.ran(row.checked().outcome()))) {
            faults.add(new Fault(
                    "run",
                    "no engine ran the model: " + rows.getFirst().checked().message(),
                    command));
        }
        Report report = new Report(
                Report.FORMAT,
                AssayCommand.suiteVersion(),
                Goldens.sha256(List.of()),
                command,
                null,
                startedAt.toString(),
                (System.nanoTime() - start) / 1e6,
                Verdicts.ofBench(rows, faults),
                faults,
                environment,
                selected.values().stream().map(ObservedEngine::summary).toList(),
                List.of(),
                rows);
        ReportFolder.write(report, folder);
        surroundings.out().print(ConsoleBench.render(report, surroundings.colours()));
        surroundings.out().println("report: " + folder.resolve("report.html"));
        return report.verdict().exitCode();
    }

    private Settings settings(Environment environment) {
        requireAtLeastOne("--prompt", prompt);
        requireAtLeastOne("--decode", decode);
        requireAtLeastOne("--repetitions", repetitions);
        int wanted = threads == null ? environment.processors() : threads;
        requireAtLeastOne("--threads", wanted);
        if (wanted > environment.processors()) {
            throw new UsageException("--threads: found " + wanted + ", and this machine has "
                    + Sizes.plural(environment.processors(), "processor"));
        }
        return Settings.of(wanted, repetitions);
    }

    private static void requireAtLeastOne(String option, int value) {
        if (value < 1) {
            throw new UsageException(option + ": expected at least 1, found " + value);
        }
    }

    private SortedMap<String, ObservedEngine> selected(Engines installed) {
        List<String> named = engines.stream()
                .map(engine -> Names.require("engine", engine, installed.byId().keySet()))
                .toList();
        SortedMap<String, ObservedEngine> selected = new TreeMap<>();
        installed.byId().forEach((id, engine) -> {
            if (named.isEmpty() ? !id.equals(REFERENCE) : named.contains(id)) {
                switch (engine.availability()) {
                    case Availability.Available _ -> selected.put(id, new ObservedEngine(engine));
                    case Availability.Absent(String reason) -> {
                        if (named.contains(id)) {
                            throw new UsageException("--engine: " + id + " cannot run here: " + reason);
                        }
                    }
                }
            }
        });
        if (selected.isEmpty()) {
            throw new UsageException("no engine is installed but the reference, which is written to be read;"
                    + " to measure it all the same: --engine " + REFERENCE);
        }
        return selected;
    }

    /// Every shape with every type of weights, or the folder's model.
    private List<BenchModel> models() {
        String folder = subject.model;
        if (folder != null) {
            if (!dtypes.isEmpty() || layers != null) {
                throw new UsageException("--model: " + (dtypes.isEmpty() ? "--layers" : "--dtype")
                        + " is for --shape: a folder has weights of its own");
            }
            return List.of(ofFolder(folder));
        }
        List<BenchModel> models = new ArrayList<>();
        for (String shape : subject.shapes) {
            for (WeightType dtype : dtypes.isEmpty() ? List.of(WeightType.bf16) : dtypes) {
                models.add(ofShape(shape, dtype));
            }
        }
        return models;
    }

    private static BenchModel ofFolder(String folder) {
        try {
            Path path = Path.of(folder);
            Path name = path.toAbsolutePath().normalize().getFileName();
            return BenchModel.ofCheckpoint(name == null ? folder : name.toString(), Checkpoint.open(path));
        } catch (InvalidPathException | CheckpointException | ConfigException e) {
            throw new UsageException("--model: " + e.getMessage());
        }
    }

    private BenchModel ofShape(String shape, WeightType dtype) {
        PublishedModel found = Published.runnable(shape);
        int all = ModelConfig.parse(found.configJson(), found.name()).numHiddenLayers();
        try {
            return BenchModel.ofShape(found.name(), found.configJson(), layers == null ? all : layers, dtype);
        } catch (IllegalArgumentException e) {
            throw new UsageException(
                    (layers == null || (layers >= 1 && layers <= all) ? "--dtype: " : "--layers: ") + e.getMessage());
        }
    }

    private void requireFit(BenchModel model, Environment environment, Settings settings) {
        MemoryNeed need = MemoryNeed.of(model, prompt, decode, settings.checkedPositions());
        need.refusal(environment.memoryBytes(), environment.maxHeapBytes()).ifPresent(reason -> {
            throw new UsageException(model.name() + " as " + model.dtype() + " with "
                    + Sizes.plural(model.config().numHiddenLayers(), "layer") + " " + reason
                    + "; --layers N measures a slice of a shape");
        });
    }

    /// The command that measures one engine on one model as this one measures all.
    private String reproduce(BenchModel model, String engine) {
        List<String> arguments = new ArrayList<>(List.of("bench"));
        if (subject.model != null) {
            arguments.addAll(List.of("--model", subject.model));
        } else {
            arguments.addAll(List.of("--shape", model.name(), "--dtype", model.dtype()));
        }
        if (layers != null) {
            arguments.addAll(List.of("--layers", "" + layers));
        }
        if (threads != null) {
            arguments.addAll(List.of("--threads", "" + threads));
        }
        arguments.addAll(List.of(
                "--engine",
                engine,
                "--prompt",
                "" + prompt,
                "--decode",
                "" + decode,
                "--repetitions",
                "" + repetitions));
        return Shell.command(arguments.toArray(String[]::new));
    }
}
