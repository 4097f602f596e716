package dev.assay.cuda;

import dev.assay.config.ModelConfig;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stopwatch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.stage.Runner;
import dev.assay.cuda.stage.Shares;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.WeightType;
import dev.assay.engine.Engine;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Prediction;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.cost.PhaseCost;
import dev.assay.plan.cost.WeightBytes;
import dev.assay.plan.planner.Planners;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;

/// Measures the engine on published shapes with random bfloat16 weights and a bfloat16 cache, by the device's clock.
/// Results say which [activations][dev.assay.cuda.stage.Activations] it had, and whether cuBLAS multiplied.
///
/// `java -m dev.assay.cuda/dev.assay.cuda.Measurement OUT config.json...` writes `OUT/cuda.json` and `OUT/cuda.md` anew
/// after each shape. Decode is the greedy loop at positions 480 to 543, nothing going to the host; streamed decode is
/// [Session#decode] at the same positions, whose logits do; prefill is 2048 tokens with the logits of the last. Bytes
/// are those that a step must read at least, weights and cache, and their bound is the rate at which one product reads
/// 2 GiB of weights in the same process.
///
/// Each shape is [checked][Agreement] before it is measured. A speed counts only if the logits agree, and if the greedy
/// tokens are those of a prefill over the same tokens, or nearly all: the two add up in different order. Kernels that
/// overlap must give the same bits as one after another.
public final class Measurement {
    /// Tokens whose logits are compared with another engine's.
    private static final int CHECKED = 24;

    private final CudaEngine engine;
    private final LoadedDevice loaded;
    private final Settings settings;
    private final Iterable<Engine> engines;

    /// How much is measured.
    ///
    /// @param ceilingRows of 8192 columns: rows of the matrix whose reading is the bound
    /// @param start position from which the greedy loop decodes
    /// @param steps of the loop
    /// @param prompt tokens of prefill, at least `start` + `steps`
    /// @param prefill whether it is measured
    /// @param repeats of every time; one more goes before them
    /// @param maxCheckedBytes of weights up to which logits are compared with another engine's
    record Settings(
            int ceilingRows, int start, int steps, int prompt, boolean prefill, int repeats, long maxCheckedBytes) {
        /// Those of published figures. Properties change them: `assay.cuda.measure.prefill=false`,
        /// `assay.cuda.measure.rows`, and `assay.cuda.measure.checked-gib`. The other engine reads the weights
        /// where they lie: a check takes no memory, but time, 35 s for qwen3-8b on two processors.
        static Settings ofProperties() {
            return new Settings(
                    Integer.getInteger("assay.cuda.measure.rows", 131_072),
                    480,
                    64,
                    2048,
                    !System.getProperty("assay.cuda.measure.prefill", "true").equals("false"),
                    7,
                    Long.getLong("assay.cuda.measure.checked-gib", 64) << 30);
        }
    }

    /// @param engine to measure
    /// @param engines among which is the one to compare with
    /// @throws AbsentException if there is no device for it
    Measurement(CudaEngine engine, Settings settings, Iterable<Engine> engines) throws AbsentException {
        this.engine = engine;
        this.loaded = engine.device();
        this.settings = settings;
        this.engines = engines;
    }

    /// Measures.
    ///
    /// @param arguments folder for the results, then configurations
    /// @throws IOException if a file cannot be read or written
    /// @throws AbsentException if there is no device
    public static void main(String... arguments) throws IOException, AbsentException {
        List<Path> configs = Arrays.stream(arguments).skip(1).map(Path::of).toList();
        new Measurement(new CudaEngine(), Settings.ofProperties(), ServiceLoader.load(Engine.class))
                .measure(Path.of(arguments[0]), configs);
    }

    /// Measures every configuration; one that cannot be is a failure in the report.
    ///
    /// @throws IOException if a file cannot be read or written
    void measure(Path out, List<Path> configs) throws IOException {
        Files.createDirectories(out);
        double readRate = loaded.device().call(this::readRate);
        List<MeasurementReport.Row> rows = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        for (Path file : configs) {
            String name = file.getFileName().toString().replace(".json", "");
            try {
                rows.add(measure(name, ModelConfig.parse(Files.readString(file), name)));
            } catch (RuntimeException e) {
                failures.add(name + ": " + e);
            }
            new MeasurementReport(
                            engine.info(),
                            loaded.device(),
                            loaded.kernels().inUse(),
                            settings,
                            readRate,
                            rows,
                            failures)
                    .write(out);
        }
    }

    private MeasurementReport.Row measure(String name, ModelConfig config) {
        DecoderPlan plan = Planners.plan(config);
        WeightBytes weights = WeightBytes.uniform(plan, Short.BYTES);
        PhaseCost cost =
                PhaseCost.decode(plan, settings.start() + settings.steps() / 2, weights, KvCacheType.BFLOAT16.bytes());
        int[] prompt = new int[settings.prompt()];
        for (int t = 0; t < prompt.length; t++) {
            prompt[t] = (int) ((t * 7919L + 13) % plan.vocabSize());
        }
        SessionOptions options = new SessionOptions(
                prompt.length + 1, LogitsScope.LAST_POSITION, TapListener.NONE, ResultLifetime.UNTIL_NEXT_CALL);
        try (RandomCheckpoint checkpoint = new RandomCheckpoint(config);
                CudaModel model = (CudaModel) engine.load(checkpoint, new LoadOptions(1, KvCacheType.BFLOAT16))) {
            Agreement agreement = Agreement.check(
                    engines,
                    model,
                    checkpoint,
                    KvCacheType.BFLOAT16,
                    weights.total(),
                    settings.maxCheckedBytes(),
                    Arrays.copyOf(prompt, CHECKED));
            return new MeasurementReport.Row(
                    name,
                    cost.weightBytes() + cost.cacheBytesRead(),
                    agreement,
                    decode(model, prompt, options),
                    streamed(model, prompt, options),
                    settings.prefill() ? Optional.of(prefill(model, prompt, options)) : Optional.empty(),
                    agreeing(model, prompt, options),
                    sameBits(model, prompt, options),
                    profile(model, prompt, options));
        }
    }

    private double[] decode(CudaModel model, int[] prompt, SessionOptions options) {
        return model.onDevice(options, (device, runner) -> {
            double[] times = new double[settings.repeats()];
            try (Stopwatch watch = new Stopwatch(device)) {
                begin(model, runner, prompt);
                runner.greedy(settings.steps(), watch);
                for (int i = 0; i < times.length; i++) {
                    begin(model, runner, prompt);
                    times[i] = runner.greedy(settings.steps(), watch) / settings.steps();
                }
            }
            return times;
        });
    }

    /// Appends the beginning of the prompt and prepares the greedy loop after it.
    private void begin(CudaModel model, Runner runner, int[] prompt) {
        int start = settings.start();
        runner.runForLast(Arrays.copyOf(prompt, start), 0, new float[1][model.vocabSize()]);
        runner.beginGreedy(prompt[start], start, new int[0]);
    }

    private double[] streamed(CudaModel model, int[] prompt, SessionOptions options) {
        double[] times = new double[settings.repeats()];
        try (Session session = model.newSession(options)) {
            streamed(session, prompt);
            for (int i = 0; i < times.length; i++) {
                times[i] = streamed(session, prompt);
            }
        }
        return times;
    }

    private double streamed(Session session, int[] prompt) {
        session.reset();
        session.prefill(Arrays.copyOf(prompt, settings.start()));
        long begun = System.nanoTime();
        for (int step = 0; step < settings.steps(); step++) {
            session.decode(prompt[settings.start() + step]);
        }
        return (System.nanoTime() - begun) / 1e6 / settings.steps();
    }

    private MeasurementReport.Prefill prefill(CudaModel model, int[] prompt, SessionOptions options) {
        return model.onDevice(options, (device, runner) -> {
            double[] times = new double[settings.repeats()];
            try (Stopwatch watch = new Stopwatch(device)) {
                runner.prefill(prompt, watch);
                for (int i = 0; i < times.length; i++) {
                    times[i] = runner.prefill(prompt, watch);
                }
                return new MeasurementReport.Prefill(times, runner.profilePrefill(prompt.length, watch));
            }
        });
    }

    private List<Runner.StageTime> profile(CudaModel model, int[] prompt, SessionOptions options) {
        return model.onDevice(options, (device, runner) -> {
            try (Stopwatch watch = new Stopwatch(device)) {
                begin(model, runner, prompt);
                return runner.profile(watch);
            }
        });
    }

    /// How many tokens of the greedy loop a prefill over the same tokens predicts.
    private int agreeing(CudaModel model, int[] prompt, SessionOptions options) {
        int start = settings.start();
        int steps = settings.steps();
        int[] greedy = model.onDevice(options, (device, runner) -> {
            try (Stopwatch watch = new Stopwatch(device)) {
                begin(model, runner, prompt);
                runner.greedy(steps, watch);
                return runner.greedyTokens(start + 1, steps);
            }
        });
        int agreeing = 0;
        try (Session session = model.newSession(options.withLogits(LogitsScope.ALL_POSITIONS))) {
            session.prefill(Arrays.copyOf(prompt, start));
            int[] rest = new int[steps];
            rest[0] = prompt[start];
            System.arraycopy(greedy, 0, rest, 1, steps - 1);
            float[][] logits = ((Prediction.Logits) session.prefill(rest)).values(); // [steps][V]
            for (int step = 0; step < steps; step++) {
                agreeing += Agreement.argmax(logits[step]) == greedy[step] ? 1 : 0;
            }
        }
        return agreeing;
    }

    /// How many steps have the same logits, bit by bit, if no kernel overlaps with the one before it.
    private int sameBits(CudaModel model, int[] prompt, SessionOptions options) {
        int same = 0;
        try (Session overlapping = model.newSession(options);
                Session oneByOne = model.newSession(options, false)) {
            int[] begin = Arrays.copyOf(prompt, settings.start());
            overlapping.prefill(begin);
            oneByOne.prefill(begin);
            for (int step = 0; step < settings.steps(); step++) {
                int token = prompt[settings.start() + step];
                same += Arrays.equals(logits(overlapping.decode(token)), logits(oneByOne.decode(token))) ? 1 : 0;
            }
        }
        return same;
    }

    private static float[] logits(Prediction prediction) {
        return ((Prediction.Logits) prediction).values()[0];
    }

    /// Bytes a second at which the product of one token reads a matrix of 2 GiB, or of as many rows as a property
    /// says.
    private double readRate() {
        int columns = 8192;
        int rows = settings.ceilingRows();
        long bytes = (long) rows * columns * Short.BYTES;
        Device device = loaded.device();
        try (DeviceMemory memory = new DeviceMemory(device, bytes + (1L << 20));
                Stream stream = new Stream(device);
                Stopwatch watch = new Stopwatch(device)) {
            long matrix = memory.take(bytes);
            long x = memory.take(columns * 4L);
            long y = memory.take(rows * 4L);
            stream.fill(matrix, 0, bytes);
            stream.fill(x, 0, columns * 4L);
            Shares shares =
                    Shares.of(new DeviceMatrix(matrix, 0, 1, rows, columns, WeightType.BF16), rows, 1, 1, device);
            Launch launch = loaded.kernels()
                    .launch(
                            "linear",
                            "multiply_one_bf16",
                            shares.blocks(),
                            1,
                            1,
                            shares.threads(),
                            shares.sharedBytes(),
                            y,
                            0,
                            x,
                            0,
                            0,
                            0,
                            matrix,
                            0,
                            1,
                            columns,
                            0,
                            rows,
                            shares.team(),
                            shares.inTurns() ? 1 : 0);
            double best = Double.MAX_VALUE;
            for (int i = 0; i < settings.repeats(); i++) {
                best = Math.min(best, watch.milliseconds(stream, () -> stream.launch(launch)));
            }
            return bytes / best * 1000;
        }
    }
}
