package dev.assay.cuda;

import dev.assay.config.ModelConfig;
import dev.assay.cuda.driver.AbsentException;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.Launch;
import dev.assay.cuda.driver.Stopwatch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.stage.Runner;
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
import java.util.Locale;

/// Measures the engine on published shapes with random bfloat16 weights and a bfloat16 cache, by the device's clock.
///
/// `java -m dev.assay.cuda/dev.assay.cuda.Measurement OUT config.json...` writes `OUT/cuda.json` and `OUT/cuda.md` anew
/// after each shape; with `-Dassay.cuda.measure.prefill=false` before it, prefill is left out. Decode is the greedy
/// loop at positions 480 to 543, nothing going to the host; streamed decode is
/// [Session#decode], whose logits do; prefill is 2048 tokens with the logits of the last. Bytes are those that a step
/// must read at least, weights and cache, and their bound is the rate at which one product reads 2 GiB of weights in
/// the
/// same process. A shape counts only if the greedy tokens are those of a prefill over the same tokens, or nearly all:
/// the two add up in different order.
public final class Measurement {
    private static final int REPEATS = 7;
    private static final int START = 480;
    private static final int STEPS = 64;
    private static final int PROMPT = 2048;

    private Measurement() {}

    /// @param name of the configuration's file
    /// @param decode milliseconds a token, one for each repetition; likewise the others, of a whole prompt the last
    /// @param agreeing greedy tokens of [#STEPS] that a prefill predicts too
    /// @param profile of a step
    private record Row(
            String name,
            long bytes,
            double[] decode,
            double[] streamed,
            double[] prefill,
            int agreeing,
            List<Runner.StageTime> profile) {}

    /// Measures.
    ///
    /// @param arguments folder for the results, then configurations
    /// @throws IOException if a file cannot be read or written
    /// @throws AbsentException if there is no device
    public static void main(String... arguments) throws IOException, AbsentException {
        Path out = Path.of(arguments[0]);
        Files.createDirectories(out);
        LoadedDevice loaded = LoadedDevice.first();
        double ceiling = loaded.device().call(() -> readRate(loaded));
        List<Row> rows = new ArrayList<>();
        List<String> failures = new ArrayList<>();
        write(out, loaded, ceiling, rows, failures);
        for (String config : List.of(arguments).subList(1, arguments.length)) {
            Path file = Path.of(config);
            String name = file.getFileName().toString().replace(".json", "");
            try {
                rows.add(measure(name, ModelConfig.parse(Files.readString(file), config)));
            } catch (RuntimeException e) {
                failures.add(name + ": " + e);
            }
            write(out, loaded, ceiling, rows, failures);
        }
    }

    private static Row measure(String name, ModelConfig config) {
        DecoderPlan plan = Planners.plan(config);
        WeightBytes weights = WeightBytes.uniform(plan, Short.BYTES);
        PhaseCost cost = PhaseCost.decode(plan, START + STEPS / 2, weights, KvCacheType.BFLOAT16.bytes());
        int[] prompt = new int[PROMPT];
        for (int t = 0; t < PROMPT; t++) {
            prompt[t] = (int) ((t * 7919L + 13) % plan.vocabSize());
        }
        SessionOptions options = new SessionOptions(
                PROMPT + 1, LogitsScope.LAST_POSITION, TapListener.NONE, ResultLifetime.UNTIL_NEXT_CALL);
        try (RandomCheckpoint checkpoint = new RandomCheckpoint(config);
                CudaModel model =
                        (CudaModel) new CudaEngine().load(checkpoint, new LoadOptions(1, KvCacheType.BFLOAT16))) {
            return new Row(
                    name,
                    cost.weightBytes() + cost.cacheBytesRead(),
                    decode(model, prompt, options),
                    streamed(model, prompt, options),
                    prefill(model, prompt, options),
                    agreeing(model, prompt, options),
                    profile(model, prompt, options));
        }
    }

    private static double[] decode(CudaModel model, int[] prompt, SessionOptions options) {
        return model.onDevice(options, (device, runner) -> {
            double[] times = new double[REPEATS];
            try (Stopwatch watch = new Stopwatch(device)) {
                runner.runForLast(Arrays.copyOf(prompt, START), 0, new float[1][model.vocabSize()]);
                for (int i = -1; i < REPEATS; i++) {
                    runner.beginGreedy(prompt[START], START, new int[0]);
                    double time = runner.greedy(STEPS, watch) / STEPS;
                    if (i >= 0) {
                        times[i] = time;
                    }
                }
            }
            return times;
        });
    }

    private static double[] streamed(CudaModel model, int[] prompt, SessionOptions options) {
        double[] times = new double[REPEATS];
        try (Session session = model.newSession(options)) {
            session.prefill(Arrays.copyOf(prompt, START));
            session.decode(prompt[START]);
            for (int i = 0; i < REPEATS; i++) {
                long start = System.nanoTime();
                for (int step = 0; step < STEPS; step++) {
                    session.decode(prompt[START + 1 + step]);
                }
                times[i] = (System.nanoTime() - start) / 1e6 / STEPS;
            }
        }
        return times;
    }

    private static double[] prefill(CudaModel model, int[] prompt, SessionOptions options) {
        if (System.getProperty("assay.cuda.measure.prefill", "true").equals("false")) {
            return new double[] {Double.NaN};
        }
        return model.onDevice(options, (device, runner) -> {
            double[] times = new double[REPEATS];
            try (Stopwatch watch = new Stopwatch(device)) {
                runner.prefill(prompt, watch);
                for (int i = 0; i < REPEATS; i++) {
                    times[i] = runner.prefill(prompt, watch);
                }
            }
            return times;
        });
    }

    private static List<Runner.StageTime> profile(CudaModel model, int[] prompt, SessionOptions options) {
        return model.onDevice(options, (device, runner) -> {
            try (Stopwatch watch = new Stopwatch(device)) {
                runner.runForLast(Arrays.copyOf(prompt, START), 0, new float[1][model.vocabSize()]);
                runner.beginGreedy(prompt[START], START, new int[0]);
                return runner.profile(watch);
            }
        });
    }

    /// How many tokens of the greedy loop a prefill over the same tokens predicts.
    private static int agreeing(CudaModel model, int[] prompt, SessionOptions options) {
        int[] greedy = model.onDevice(options, (device, runner) -> {
            try (Stopwatch watch = new Stopwatch(device)) {
                runner.runForLast(Arrays.copyOf(prompt, START), 0, new float[1][model.vocabSize()]);
                runner.beginGreedy(prompt[START], START, new int[0]);
                runner.greedy(STEPS, watch);
                return runner.greedyTokens(START + 1, STEPS);
            }
        });
        int agreeing = 0;
        try (Session session = model.newSession(options.withLogits(LogitsScope.ALL_POSITIONS))) {
            session.prefill(Arrays.copyOf(prompt, START));
            int[] rest = new int[STEPS];
            rest[0] = prompt[START];
            System.arraycopy(greedy, 0, rest, 1, STEPS - 1);
            float[][] logits = ((Prediction.Logits) session.prefill(rest)).values(); // [STEPS][V]
            for (int step = 0; step < STEPS; step++) {
                agreeing += argmax(logits[step]) == greedy[step] ? 1 : 0;
            }
        }
        return agreeing;
    }

    private static int argmax(float[] values) {
        int best = 0;
        for (int i = 1; i < values.length; i++) {
            best = values[i] > values[best] ? i : best;
        }
        return best;
    }

    /// Bytes a second at which the product of one token reads a matrix of 2 GiB, or, where no device would read it,
    /// of
    /// as many rows as a property says.
    private static double readRate(LoadedDevice loaded) {
        int columns = 8192;
        int rows = Integer.getInteger("assay.cuda.measure.rows", 131_072);
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
            Launch launch = loaded.kernels()
                    .launch(
                            "linear",
                            "multiply_one_bf16",
                            rows / 16,
                            1,
                            1,
                            256,
                            0,
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
                            1);
            double best = Double.MAX_VALUE;
            for (int i = 0; i < REPEATS; i++) {
                best = Math.min(best, watch.milliseconds(stream, () -> stream.launch(launch)));
            }
            return bytes / best * 1000;
        }
    }

    // ------------------------------------------------------------------------------------------------------- report

    private static void write(Path out, LoadedDevice loaded, double ceiling, List<Row> rows, List<String> failures)
            throws IOException {
        Device device = loaded.device();
        StringBuilder json = new StringBuilder(String.format(
                Locale.ROOT,
                "{\n \"device\": \"%s\", \"driver_cuda\": \"%s\", \"clock_mhz\": %d, \"overlapping_kernels\": %b,%n"
                        + " \"read_bytes_per_second\": %.4g, \"repeats\": %d,%n \"rows\": [",
                device.name(),
                device.driverVersion(),
                device.clockMegahertz(),
                device.overlaps(),
                ceiling,
                REPEATS));
        StringBuilder table = new StringBuilder(String.format(
                Locale.ROOT,
                "%s, driver for CUDA %s, up to %d MHz; one product reads %.0f GB/s; medians of %d.%n%n"
                        + "| shape | decode, device | spread | of read rate | decode, streamed | prefill %d | agree |%n"
                        + "|---|---:|---:|---:|---:|---:|---:|%n",
                device.name(),
                device.driverVersion(),
                device.clockMegahertz(),
                ceiling / 1e9,
                REPEATS,
                PROMPT));
        for (int i = 0; i < rows.size(); i++) {
            Row row = rows.get(i);
            double decode = median(row.decode());
            json.append(String.format(
                    Locale.ROOT,
                    "%s%n  {\"shape\": \"%s\", \"bytes_per_token\": %d, \"decode_ms\": %s, \"streamed_ms\": %s,"
                            + " \"prefill_ms\": %s, \"agreeing\": %d, \"steps\": %d}",
                    i == 0 ? "" : ",",
                    row.name(),
                    row.bytes(),
                    Arrays.toString(row.decode()),
                    Arrays.toString(row.streamed()),
                    Arrays.toString(row.prefill()),
                    row.agreeing(),
                    STEPS));
            table.append(String.format(
                    Locale.ROOT,
                    "| %s | %.1f tok/s | %.2f %% | %.1f %% | %.1f tok/s | %.0f tok/s | %d of %d |%n",
                    row.name(),
                    1000 / decode,
                    spread(row.decode()),
                    100 * row.bytes() / (decode / 1000) / ceiling,
                    1000 / median(row.streamed()),
                    1000 * PROMPT / median(row.prefill()),
                    row.agreeing(),
                    STEPS));
        }
        for (Row row : rows) {
            table.append(String.format(
                    Locale.ROOT, "%n%s, where a step's time goes, kinds of launches by themselves:%n%n", row.name()));
            table.append("| launch | number | each | together |\n|---|---:|---:|---:|\n");
            for (Runner.StageTime time : row.profile()) {
                table.append(String.format(
                        Locale.ROOT,
                        "| %s | %d | %.2f us | %.1f us |%n",
                        time.kind(),
                        time.count(),
                        time.microseconds(),
                        time.count() * time.microseconds()));
            }
        }
        json.append("\n ],\n \"failures\": [");
        for (int i = 0; i < failures.size(); i++) {
            String quoted = failures.get(i).replace("\\", "\\\\").replace("\"", "\\\"");
            json.append(i == 0 ? "\"" : ", \"").append(quoted).append('"');
            table.append("\nnot measured: ").append(failures.get(i)).append('\n');
        }
        json.append("]\n}\n");
        Files.writeString(out.resolve("cuda.json"), json);
        Files.writeString(out.resolve("cuda.md"), table);
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /// Half the distance between the extremes, in percent of the median.
    private static double spread(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return 50 * (sorted[sorted.length - 1] - sorted[0]) / median(values);
    }
}
