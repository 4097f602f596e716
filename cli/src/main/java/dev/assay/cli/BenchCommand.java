package dev.assay.cli;

import dev.assay.adapter.stdio.Limits;
import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.config.ConfigException;
import dev.assay.engine.Engine;
import dev.assay.golden.Goldens;
import dev.assay.perf.model.BenchModel;
import dev.assay.perf.model.MemoryNeed;
import dev.assay.perf.model.WeightType;
import dev.assay.perf.run.Benchmark;
import dev.assay.perf.run.Extrapolator;
import dev.assay.perf.run.LatencyLog;
import dev.assay.perf.run.Load;
import dev.assay.perf.run.Measured;
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
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
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
            "XML, SARIF and CSV; latency.hlog holds every latency (HdrHistogram). Exits with 0 if every result was right, 1 if one was not, 4",
            "if nothing could be measured.",
            "",
            "Examples:",
            "  ./assay bench --shape qwen3-0.6b",
            "  ./assay bench --shape qwen3-0.6b --shape llama-3.2-1b --dtype f32 --dtype bf16",
            "  ./assay bench --shape deepseek-v3 --dtype fp8 --layers 2 --prompt 64",
            "  ./assay bench --shape qwen3-0.6b --layers 4,8",
            "  ./assay bench --shape qwen3-0.6b --engine vector --engine llamacpp",
            "  ./assay bench --model my-model --engine vector --threads 1",
            "  ./assay bench --shape qwen3-0.6b --engine vector --sessions 4 --rate 0.2"
        })
final class BenchCommand implements Callable<Integer> {
    private static final String REFERENCE = "reference";

    /// Every latency behind the percentiles, in HdrHistogram's log format.
    private static final String LATENCY_LOG = "latency.hlog";

    /// Engines in a process of their own: materialising a checkpoint of some GB takes minutes, and so may a prompt.
    private static final Limits LIMITS =
            new Limits(Duration.ofMinutes(1), Duration.ofMinutes(10), Duration.ofMinutes(10));

    /// The least whose 90th percentile is known.
    private static final int REQUESTS = 10;

    private final Surroundings surroundings;

    @Spec
    @SuppressWarnings("NullAway.Init") // picocli sets it.
    private CommandSpec spec;

    @ArgGroup(multiplicity = "1")
    private Source source = new Source();

    /// What to measure: one of the two.
    private static final class Source {
        @Option(
                names = {"-s", "--shape"},
                paramLabel = "MODEL",
                description = "Published model whose shape to measure, or a config.json; with synthetic weights; may be"
                        + " repeated.")
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
            split = ",",
            description = "Only the first N layers of a shape, at full width, for models that are too large, and what"
                    + " that says of all layers. Of two depths or more, such as 4,8, it says more.")
    private List<Integer> layers = new ArrayList<>();

    @Option(
            names = {"-e", "--engine"},
            paramLabel = "ENGINE",
            description = "Engine or adapter to measure; may be repeated. Default: every installed engine but the"
                    + " reference.")
    private List<String> engines = new ArrayList<>();

    @Option(
            names = "--engine-command",
            paramLabel = "COMMAND",
            description = "Command that starts an engine which speaks the stdio protocol; may be repeated.")
    private List<String> commands = new ArrayList<>();

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
            names = "--quick",
            description = "Shorter warm-up and ceilings, for the many runs that a comparison of a small model needs.")
    private boolean quick;

    @Option(
            names = "--sessions",
            paramLabel = "N",
            defaultValue = "1",
            description = "Also N sessions whose tokens are decoded in turn. Default: one alone.")
    private int sessions;

    @Option(
            names = "--rate",
            paramLabel = "R",
            description = "Also requests that come at R a second, by a schedule fixed before, whether the engine is"
                    + " ready or not: an open loop.")
    private @Nullable Double rate;

    @Option(names = "--requests", paramLabel = "N", description = "Requests of --rate. Default: 10.")
    private @Nullable Integer requests;

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
        Environment environment = EnvironmentProbe.probe();
        Settings settings = settings(environment);
        Engine reference = surroundings.engines().get().byId().get(REFERENCE);
        if (reference == null) {
            throw new UsageException("the engine '" + REFERENCE + "', which checks every result, is not installed");
        }
        Path folder = OutFolder.make(out);
        try (EngineSelection selection = new EngineSelection(surroundings, engines, commands, null, LIMITS)) {
            Report report = measure(environment, settings, reference, selection, folder);
            surroundings.out().print(ConsoleBench.render(report, surroundings.colours()));
            surroundings.out().println("report: " + folder.resolve("report.html"));
            return report.verdict().exitCode();
        }
    }

    private Report measure(
            Environment environment, Settings settings, Engine reference, EngineSelection selection, Path folder)
            throws InterruptedException {
        long start = System.nanoTime();
        Instant startedAt = Instant.now().truncatedTo(ChronoUnit.MILLIS);
        SortedMap<String, Subject> subjects = subjects(selection);
        String command = AssayCommand.commandLine(spec);
        List<Fault> faults = new ArrayList<>(selection.faults());
        List<Measured> measured = new ArrayList<>();
        List<Extrapolator.Slice> slices = new ArrayList<>();
        List<BenchModel> models = models();
        models.forEach(model -> requireFit(model, environment, settings));
        try (Progress progress = Progress.of(surroundings, "bench", (long) models.size() * subjects.size())) {
            var benchmark = new Benchmark(settings, reference, new DeviationRule(), progress::now);
            for (BenchModel model : models) {
                try (Checkpoint checkpoint = model.checkpoint().get()) {
                    for (Subject subject : subjects.values()) {
                        String reproduce = reproduce(model, subject.arguments());
                        measured.add(benchmark.run(subject.engine(), model, checkpoint, workload(model), reproduce));
                        slices.add(
                                new Extrapolator.Slice(model, measured.getLast().row()));
                        progress.done(measured.size());
                    }
                }
            }
        }
        List<BenchRow> rows = extrapolated(slices);
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
                subjects.values().stream()
                        .map(subject -> subject.engine().summary())
                        .toList(),
                List.of(),
                rows);
        ReportFolder.write(report, folder);
        LatencyLog.write(
                measured.stream().map(Measured::log).filter(Objects::nonNull).toList(), folder.resolve(LATENCY_LOG));
        return report;
    }

    private Workload workload(BenchModel model) {
        return Workload.random(prompt, decode, model.config().vocabSize());
    }

    /// The rows, of which the deepest slice of an engine and a model says what all its slices mean for the whole.
    private List<BenchRow> extrapolated(List<Extrapolator.Slice> all) {
        List<BenchRow> rows = new ArrayList<>();
        for (Extrapolator.Slice slice : all) {
            List<Extrapolator.Slice> alike = all.stream()
                    .filter(other -> isSliceOfTheSame(other.row(), slice.row()))
                    .toList();
            rows.add(
                    !alike.isEmpty() && alike.getLast().equals(slice)
                            ? new Extrapolator(whole(slice.row()), workload(slice.model()))
                                    .of(alike)
                                    .map(slice.row()::with)
                                    .orElse(slice.row())
                            : slice.row());
        }
        return rows;
    }

    private static boolean isSliceOfTheSame(BenchRow other, BenchRow row) {
        return other.shape().partial()
                && other.decode() != null
                && other.engine().equals(row.engine())
                && other.model().equals(row.model())
                && other.dtype().equals(row.dtype());
    }

    private static BenchModel whole(BenchRow slice) {
        return ofShape(slice.model(), WeightType.valueOf(slice.dtype()), null);
    }

    /// An engine to measure.
    ///
    /// @param arguments those that select it on the command line
    private record Subject(ObservedEngine engine, List<String> arguments) {}

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
        return quick ? Settings.quick(wanted, repetitions, loads()) : Settings.of(wanted, repetitions, loads());
    }

    private List<Load> loads() {
        requireAtLeastOne("--sessions", sessions);
        List<Load> loads = new ArrayList<>();
        if (sessions > 1) {
            loads.add(new Load.Sessions(sessions));
        }
        if (rate != null) {
            if (!(rate > 0 && rate < Double.POSITIVE_INFINITY)) {
                throw new UsageException("--rate: expected requests a second above 0, found " + rate);
            }
            int wanted = requests == null ? REQUESTS : requests;
            requireAtLeastOne("--requests", wanted);
            loads.add(new Load.OpenLoop(rate, wanted));
        } else if (requests != null) {
            throw new UsageException("--requests: is for --rate, which says how often they come");
        }
        return loads;
    }

    private static void requireAtLeastOne(String option, int value) {
        if (value < 1) {
            throw new UsageException(option + ": expected at least 1, found " + value);
        }
    }

    /// The chosen engines by id; of all installed ones, the reference is none.
    private static SortedMap<String, Subject> subjects(EngineSelection selection) {
        SortedMap<String, Subject> subjects = new TreeMap<>();
        selection.byId().forEach((id, selected) -> {
            if (!selection.chosen().isEmpty() || !id.equals(REFERENCE)) {
                subjects.put(id, new Subject(new ObservedEngine(selected.engine()), selected.arguments()));
            }
        });
        if (subjects.isEmpty() && selection.faults().isEmpty()) {
            throw new UsageException("no engine is installed but the reference, which is written to be read;"
                    + " to measure it all the same: --engine " + REFERENCE);
        }
        return subjects;
    }

    /// Every shape with every type of weights, or the folder's model.
    private List<BenchModel> models() {
        String folder = source.model;
        if (folder != null) {
            if (!dtypes.isEmpty() || !layers.isEmpty()) {
                throw new UsageException("--model: " + (dtypes.isEmpty() ? "--layers" : "--dtype")
                        + " is for --shape: a folder has weights of its own");
            }
            return List.of(ofFolder(folder));
        }
        List<BenchModel> models = new ArrayList<>();
        for (String shape : source.shapes) {
            for (WeightType dtype : dtypes.isEmpty() ? List.of(WeightType.bf16) : dtypes) {
                if (layers.isEmpty()) {
                    models.add(ofShape(shape, dtype, null));
                }
                for (int depth : new TreeSet<>(layers)) {
                    models.add(ofShape(shape, dtype, depth));
                }
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

    /// @param wanted layers, null for all
    private static BenchModel ofShape(String shape, WeightType dtype, @Nullable Integer wanted) {
        Shape found = Shape.of(shape);
        int all = found.config().numHiddenLayers();
        int depth = wanted == null ? all : wanted;
        try {
            return BenchModel.ofShape(found.name(), found.configJson(), depth, dtype);
        } catch (IllegalArgumentException e) {
            throw new UsageException((depth >= 1 && depth <= all ? "--dtype: " : "--layers: ") + e.getMessage());
        }
    }

    private void requireFit(BenchModel model, Environment environment, Settings settings) {
        MemoryNeed need = MemoryNeed.of(model, prompt, decode, settings.checkedPositions(), settings.openSessions());
        need.refusal(environment.memoryBytes(), environment.maxHeapBytes()).ifPresent(reason -> {
            throw new UsageException(model.name() + " as " + model.dtype() + " with "
                    + Sizes.plural(model.config().numHiddenLayers(), "layer") + " " + reason
                    + "; --layers N measures a slice of a shape");
        });
    }

    /// The command that measures one engine on one model as this one measures all.
    private String reproduce(BenchModel model, List<String> engine) {
        List<String> arguments = new ArrayList<>(List.of("bench"));
        if (source.model != null) {
            arguments.addAll(List.of("--model", source.model));
        } else {
            arguments.addAll(List.of("--shape", model.name(), "--dtype", model.dtype()));
        }
        if (!layers.isEmpty()) {
            arguments.addAll(List.of("--layers", "" + model.config().numHiddenLayers()));
        }
        if (threads != null) {
            arguments.addAll(List.of("--threads", "" + threads));
        }
        arguments.addAll(engine);
        arguments.addAll(List.of("--prompt", "" + prompt, "--decode", "" + decode, "--repetitions", "" + repetitions));
        if (quick) {
            arguments.add("--quick");
        }
        if (sessions > 1) {
            arguments.addAll(List.of("--sessions", "" + sessions));
        }
        if (rate != null) {
            arguments.addAll(List.of("--rate", "" + rate));
        }
        if (requests != null) {
            arguments.addAll(List.of("--requests", "" + requests));
        }
        return Shell.command(arguments.toArray(String[]::new));
    }
}
