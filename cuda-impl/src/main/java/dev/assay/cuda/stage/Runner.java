package dev.assay.cuda.stage;

import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.driver.Device;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.cuda.driver.Graph;
import dev.assay.cuda.driver.KernelImage;
import dev.assay.cuda.driver.PinnedMemory;
import dev.assay.cuda.driver.Stopwatch;
import dev.assay.cuda.driver.Stream;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.engine.KvCacheType;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.TapListener;
import dev.assay.engine.TapPoint;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/// Runs a program for one session. Constructor and methods that compute are for the device's thread.
///
/// A single token without listeners is one graph, recorded at the first: token and position go to the device before it
/// and logits come back after it, so the same graph serves every step.
public final class Runner implements AutoCloseable {
    /// The most tokens of a pass: enough that weights are read once for many of them and experts get full tiles.
    /// With taps a pass takes all tokens of a call, whose values belong together.
    private static final int BATCH = 2048;

    private static final int PROFILE_REPEATS = 5;

    private final Program program;
    private final int batch;
    private final int maxContext;
    private final TapListener taps;
    private final DeviceMemory memory;
    private final SessionMemory places;
    private final Stream stream;
    private final PinnedMemory passIn; // [2 + batch] ints
    private final PinnedMemory logitsOut; // [rows][V]
    private final Launcher launcher;
    private @Nullable Graph step;
    private @Nullable Graph greedyStep;

    /// @param cublas what multiplies dense matrices with many tokens, unless our own kernels do
    /// @param overlaps whether kernels may overlap with the one before them
    /// @throws IllegalArgumentException if the device has not enough memory
    public Runner(
            Device device,
            KernelImage kernels,
            Activations activations,
            Optional<CublasHandle> cublas,
            Program program,
            KvCacheType kvCache,
            SessionOptions options,
            boolean overlaps) {
        this.program = program;
        this.taps = options.taps();
        this.maxContext = options.maxContext();
        long free = device.freeBytes();
        this.batch = isTapped() ? maxContext : batch(program, kvCache, cublas, free);
        long needed = SessionMemory.bytes(program, kvCache, cublas, maxContext, batch);
        if (needed > free) {
            throw new IllegalArgumentException(String.format(
                    Locale.ROOT,
                    "a context of %d positions takes %d MiB on the device for cache and intermediate values, %s has %d"
                            + " MiB left: ask for less",
                    maxContext,
                    needed >> 20,
                    device.name(),
                    free >> 20));
        }
        this.memory = new DeviceMemory(device, needed);
        this.places = new SessionMemory(program, kvCache, cublas, maxContext, batch, memory::take);
        places.writeTables(memory, maxContext);
        this.stream = new Stream(device, overlaps);
        this.passIn = new PinnedMemory(device, (2L + batch) * Integer.BYTES);
        int logitsRows = Math.min(batch, SessionMemory.HEAD_ROWS);
        this.logitsOut = new PinnedMemory(device, logitsRows * rowBytes());
        this.launcher = new Launcher(device, kernels, stream, places, kvCache, activations, cublas, maxContext);
    }

    /// Tokens of a pass whose intermediate values fit, or the fewest.
    private int batch(Program program, KvCacheType kvCache, Optional<CublasHandle> cublas, long free) {
        int tokens = Math.min(BATCH, maxContext);
        while (tokens > SessionMemory.HEAD_ROWS
                && SessionMemory.bytes(program, kvCache, cublas, maxContext, tokens) > free) {
            tokens /= 2;
        }
        return tokens;
    }

    private boolean isTapped() {
        return !taps.equals(TapListener.NONE);
    }

    private long rowBytes() {
        return (long) program.plan().vocabSize() * Float.BYTES;
    }

    /// Refuses tokens that the program cannot embed.
    ///
    /// @throws IllegalArgumentException if there are any
    public static void check(Program program, int[] tokens, int start) {
        for (int t = 0; t < tokens.length; t++) {
            if (tokens[t] < 0 || tokens[t] >= program.embeddableIds()) {
                throw new IllegalArgumentException("token id " + tokens[t] + " at index " + t
                        + " cannot be embedded: ids are below " + program.embeddableIds());
            }
        }
        if ((long) start + tokens.length > program.embeddablePositions()) {
            throw new IllegalArgumentException("position " + (start + tokens.length - 1) + " cannot be embedded: "
                    + program.embeddablePositions() + " positions were learned");
        }
    }

    /// Appends tokens and gives logits of all of them.
    ///
    /// @param logits receives them, `[tokens][V]`
    /// @return what to tell the listener, in order, on the thread of the session
    public List<Runnable> runForAll(int[] tokens, int start, float[][] logits) {
        List<Runnable> told = new ArrayList<>();
        for (int done = 0; done < tokens.length; done += batch) {
            int count = Math.min(batch, tokens.length - done);
            if (count == 1 && !isTapped()) {
                runOne(tokens[done], start + done, logits[done]);
            } else {
                run(tokens, done, count, start + done, told);
                for (int row = 0; row < count; row += SessionMemory.HEAD_ROWS) {
                    readLogits(row, Math.min(SessionMemory.HEAD_ROWS, count - row), logits, done + row);
                }
            }
        }
        tellLogits(logits, told);
        hold(start + tokens.length);
        return told;
    }

    /// Appends tokens and gives logits of the last one.
    ///
    /// @param logits receives them, `[1][V]`
    /// @return as [#runForAll]
    public List<Runnable> runForLast(int[] tokens, int start, float[][] logits) {
        List<Runnable> told = new ArrayList<>();
        for (int done = 0; done < tokens.length; done += batch) {
            int count = Math.min(batch, tokens.length - done);
            boolean last = done + count == tokens.length;
            if (count == 1 && !isTapped()) {
                runOne(tokens[done], start + done, logits[0]);
            } else {
                run(tokens, done, count, start + done, told);
                if (last) {
                    readLogits(count - 1, 1, logits, 0);
                }
            }
        }
        tellLogits(logits, told);
        hold(start + tokens.length);
        return told;
    }

    private void tellLogits(float[][] logits, List<Runnable> told) {
        if (isTapped()) {
            told.add(() -> taps.on(TapPoint.LOGITS, logits));
        }
    }

    private void hold(int position) {
        places.caches().forEach(cache -> cache.hold(position));
    }

    private void run(int[] tokens, int offset, int count, int start, List<Runnable> told) {
        writePass(tokens, offset, count, start);
        stream.copyIn(places.pass(), passIn.segment().asSlice(0, (2L + count) * Integer.BYTES));
        for (Stage stage : isTapped() ? program.stages() : program.manyTokens()) {
            launcher.launch(stage, start, count);
            switch (stage) {
                case Stage.Tapped(TapPoint point, View rows, int width) -> {
                    float[][] values = readRows(rows, count, width);
                    told.add(() -> taps.on(point, values));
                }
                case Stage.TappedExperts(int layer, int topK) -> {
                    int[][] experts = readExperts(count, topK);
                    told.add(() -> taps.onRoutedExperts(layer, experts));
                }
                case Stage other -> {
                    // Nothing to tell.
                }
            }
        }
        // The next pass overwrites what this one reads from the host.
        stream.synchronize();
    }

    private void writePass(int[] tokens, int offset, int count, int start) {
        MemorySegment pass = passIn.segment();
        pass.setAtIndex(ValueLayout.JAVA_INT, 0, count);
        pass.setAtIndex(ValueLayout.JAVA_INT, 1, start);
        MemorySegment.copy(tokens, offset, pass, ValueLayout.JAVA_INT, 2L * Integer.BYTES, count);
    }

    private void runOne(int token, int start, float[] logits) {
        writePass(new int[] {token}, 0, 1, start);
        if (step == null) {
            step = stream.record(() -> {
                stream.copyIn(places.pass(), passIn.segment().asSlice(0, 3L * Integer.BYTES));
                launchOne();
                stream.copyOut(logitsOut.segment().asSlice(0, rowBytes()), places.logits());
            });
        }
        step.launch(stream);
        stream.synchronize();
        MemorySegment.copy(logitsOut.segment(), ValueLayout.JAVA_FLOAT, 0, logits, 0, logits.length);
    }

    private void launchOne() {
        launcher.launchOne(program.embed());
        program.oneToken().forEach(launcher::launchOne);
    }

    private void launchNextToken() {
        launcher.launchNextToken(program.plan().vocabSize(), program.embed());
    }

    private void readLogits(int row, int count, float[][] into, int intoRow) {
        launcher.launchHead(program, row, count);
        stream.copyOut(logitsOut.segment().asSlice(0, count * rowBytes()), places.logits());
        stream.synchronize();
        for (int r = 0; r < count; r++) {
            float[] target = into[intoRow + r];
            MemorySegment.copy(logitsOut.segment(), ValueLayout.JAVA_FLOAT, r * rowBytes(), target, 0, target.length);
        }
    }

    private float[][] readRows(View rows, int count, int width) {
        long stride = (long) places.stride(rows) * Float.BYTES;
        float[][] values = new float[count][width]; // [T][width]
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate((long) width * Float.BYTES, Float.BYTES);
            for (int t = 0; t < count; t++) {
                stream.copyOut(copy, places.address(rows) + t * stride);
                stream.synchronize();
                MemorySegment.copy(copy, ValueLayout.JAVA_FLOAT, 0, values[t], 0, width);
            }
        }
        return values;
    }

    private int[][] readExperts(int count, int topK) {
        int[][] experts = new int[count][topK]; // [T][k]
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate((long) count * topK * Integer.BYTES, Integer.BYTES);
            stream.copyOut(copy, places.address(Buffer.CHOSEN));
            stream.synchronize();
            for (int t = 0; t < count; t++) {
                MemorySegment.copy(copy, ValueLayout.JAVA_INT, (long) t * topK * Integer.BYTES, experts[t], 0, topK);
            }
        }
        return experts;
    }

    // --------------------------------------------------------------------------------------------------- greedy loop

    /// Makes `token` the one at `start`, and prepares a loop that goes on from there by itself.
    ///
    /// @param forced tokens that the loop must take instead of the most probable ones, by position from `start` + 1
    /// on
    public void beginGreedy(int token, int start, int[] forced) {
        writePass(new int[] {token}, 0, 1, start);
        stream.copyIn(places.pass(), passIn.segment().asSlice(0, 3L * Integer.BYTES));
        stream.fill(places.forced(), 0xff, (maxContext + 1L) * Integer.BYTES);
        stream.synchronize();
        if (forced.length > 0) {
            try (Arena arena = Arena.ofConfined()) {
                memory.write(
                        places.forced() + (start + 1L) * Integer.BYTES,
                        arena.allocateFrom(ValueLayout.JAVA_INT, forced));
            }
        }
        if (greedyStep == null) {
            greedyStep = stream.record(() -> {
                program.oneToken().forEach(launcher::launchOne);
                launchNextToken();
            });
        }
        launcher.launchOne(program.embed());
    }

    /// Takes `count` steps of the loop without anything going to or coming from the host.
    ///
    /// @param watch measures them
    /// @return milliseconds that the device took
    public double greedy(int count, Stopwatch watch) {
        Graph loop = greedyStep;
        if (loop == null) {
            throw new IllegalStateException("the loop was not begun");
        }
        return watch.milliseconds(stream, () -> {
            for (int i = 0; i < count; i++) {
                loop.launch(stream);
            }
        });
    }

    /// The tokens that the loop has chosen, `count` of them from position `start` on.
    public int[] greedyTokens(int start, int count) {
        int[] tokens = new int[count];
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment copy = arena.allocate((long) count * Integer.BYTES, Integer.BYTES);
            stream.copyOut(copy, places.tokens() + (long) start * Integer.BYTES);
            stream.synchronize();
            MemorySegment.copy(copy, ValueLayout.JAVA_INT, 0, tokens, 0, count);
        }
        return tokens;
    }

    /// What stages of one kind take: all of a pass in a row, in microseconds each.
    public record StageTime(String kind, int count, double microseconds) {}

    /// How long the stages of one token take by kind, at the position where the greedy loop stands. Each kind
    /// runs by itself over all layers, so that its weights come from memory as in a step; what is computed means
    /// nothing, and the session must be reset.
    public List<StageTime> profile(Stopwatch watch) {
        Map<String, List<Runnable>> kinds = kinds(program.oneToken(), launcher::launchOne);
        kinds.put("next token and embedding", List.of(this::launchNextToken));
        List<StageTime> times = new ArrayList<>();
        kinds.forEach((kind, launches) -> {
            try (Graph all = stream.record(() -> launches.forEach(Runnable::run))) {
                times.add(time(kind, launches.size(), watch, () -> all.launch(stream)));
            }
        });
        return times;
    }

    /// The same for the stages of a pass of many tokens from an empty context, such as [#prefill] has just made.
    /// They are not a graph: very short ones wait for their launches.
    public List<StageTime> profilePrefill(int tokens, Stopwatch watch) {
        int count = Math.min(batch, tokens);
        List<StageTime> times = new ArrayList<>();
        kinds(program.manyTokens(), stage -> launcher.launch(stage, 0, count))
                .forEach((kind, launches) ->
                        times.add(time(kind, launches.size(), watch, () -> launches.forEach(Runnable::run))));
        return times;
    }

    private static Map<String, List<Runnable>> kinds(List<Stage> stages, Consumer<Stage> launch) {
        Map<String, List<Runnable>> kinds = new LinkedHashMap<>();
        for (Stage stage : stages) {
            kinds.computeIfAbsent(kind(stage), _ -> new ArrayList<>()).add(() -> launch.accept(stage));
        }
        return kinds;
    }

    private StageTime time(String kind, int count, Stopwatch watch, Runnable launches) {
        launches.run();
        double best = Double.MAX_VALUE;
        for (int i = 0; i < PROFILE_REPEATS; i++) {
            best = Math.min(best, watch.milliseconds(stream, launches));
        }
        return new StageTime(kind, count, 1000 * best / count);
    }

    /// Products are of one kind if their matrices have one shape.
    private static String kind(Stage stage) {
        String name = stage.getClass().getSimpleName();
        DeviceMatrix weight = switch (stage) {
            case Stage.Multiply product -> product.weight();
            case Stage.MultiplyFused fused -> fused.product().weight();
            case Stage.MultiplyGated gated -> gated.product().weight();
            case Stage.MultiplyMade made -> made.product().weight();
            case Stage.Head head -> head.weight();
            case Stage other -> null;
        };
        return weight == null ? name : name + " " + weight.rows() + " x " + weight.columns();
    }

    /// Milliseconds that the device takes for a pass of tokens from an empty context, logits of the last one
    /// included.
    public double prefill(int[] tokens, Stopwatch watch) {
        double milliseconds = 0;
        for (int done = 0; done < tokens.length; done += batch) {
            int count = Math.min(batch, tokens.length - done);
            boolean last = done + count == tokens.length;
            int start = done;
            writePass(tokens, start, count, start);
            milliseconds += watch.milliseconds(stream, () -> {
                stream.copyIn(places.pass(), passIn.segment().asSlice(0, (2L + count) * Integer.BYTES));
                program.manyTokens().forEach(stage -> launcher.launch(stage, start, count));
                if (last) {
                    launcher.launchHead(program, count - 1, 1);
                }
            });
        }
        return milliseconds;
    }

    // -----------------------------------------------------------------------------------------------------------------

    /// Forgets everything appended.
    public void reset() {
        hold(0);
    }

    /// Bytes of the positions held.
    public long kvCacheBytes() {
        return places.caches().stream().mapToLong(LayerCache::bytes).sum();
    }

    @Override
    public void close() {
        if (step != null) {
            step.close();
        }
        if (greedyStep != null) {
            greedyStep.close();
        }
        logitsOut.close();
        passIn.close();
        stream.close();
        memory.close();
    }
}
