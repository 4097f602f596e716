package dev.assay.cuda.stage;

import dev.assay.cuda.driver.CublasHandle;
import dev.assay.cuda.driver.DeviceMemory;
import dev.assay.engine.KvCacheType;
import dev.assay.plan.Rotary;
import dev.assay.plan.Temperature;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/// Where a session's intermediate values, tables and caches lie on the device.
final class SessionMemory {
    /// Rows whose logits are computed at a time.
    static final int HEAD_ROWS = 64;
    /// The most parts that a head's attention is split into.
    static final int MAX_PARTS = 32;

    private final Program program;
    private final Map<Buffer, Long> buffers = new EnumMap<>(Buffer.class);
    private final Map<Rotary, Table> tables = new HashMap<>();
    private final Map<Temperature, Long> heats = new HashMap<>();
    private final List<Optional<LayerCache>> caches;
    private final long pass;
    private final long logits;
    private final long partials;
    private final long expertTiles;
    private final long arrived;
    private final long candidates;
    private final long tokens;
    private final long forced;
    private final Expansion expansion;
    private final long cublas;

    /// Blocks that look for the most probable token.
    static final int CANDIDATES = 128;

    /// cos and sin of every position, `[max context][pairs]` each.
    record Table(long cosines, long sines, int pairs) {}

    /// @param cublas what multiplies instead of our own kernels
    /// @param take gives memory of so many bytes
    SessionMemory(
            Program program,
            KvCacheType kvCache,
            Optional<CublasHandle> cublas,
            int maxContext,
            int batch,
            LongUnaryOperator take) {
        this.program = program;
        Layout layout = program.layout();
        for (Buffer buffer : Buffer.values()) {
            if (layout.width(buffer) > 0) {
                buffers.put(buffer, floats(take, (long) batch * layout.width(buffer)));
            }
        }
        for (Rotary rotary : layout.rotaries()) {
            int pairs = rotary.inverseFrequencies().length;
            long numbers = (long) maxContext * pairs;
            tables.put(rotary, new Table(floats(take, numbers), floats(take, numbers), pairs));
        }
        for (Temperature temperature : layout.temperatures()) {
            switch (temperature) {
                case Temperature.None _ -> {}
                case Temperature.LogarithmOfPosition _ -> heats.put(temperature, floats(take, maxContext));
            }
        }
        this.caches = LayerCache.of(program.plan(), kvCache, maxContext, batch, take);
        this.pass = take.applyAsLong((2L + batch) * Integer.BYTES);
        this.logits =
                floats(take, (long) Math.min(batch, HEAD_ROWS) * program.plan().vocabSize());
        this.partials = floats(take, (long) MAX_PARTS * layout.partialNumbers());
        this.arrived = take.applyAsLong(counters() * (long) Integer.BYTES);
        this.candidates = floats(take, 2L * CANDIDATES);
        this.expertTiles = take.applyAsLong(
                TileLauncher.expertBytes(layout.experts(), (long) batch * layout.width(Buffer.EXPERT_ORDER)));
        this.tokens = floats(take, maxContext + 1L);
        this.forced = floats(take, maxContext + 1L);
        this.expansion = Expansion.of(layout.expansion(), maxContext, batch, take);
        this.cublas = cublas.map(
                        _ -> take.applyAsLong(CublasLauncher.bytes((long) batch * layout.width(Buffer.PLANES))))
                .orElse(0L);
    }

    /// One for each head of attention, or one alone.
    private int counters() {
        return Math.max(1, program.layout().heads());
    }

    private static long floats(LongUnaryOperator take, long numbers) {
        return take.applyAsLong(Math.max(1, numbers) * Float.BYTES);
    }

    /// Bytes that a session would take.
    static long bytes(Program program, KvCacheType kvCache, Optional<CublasHandle> cublas, int maxContext, int batch) {
        long[] sum = new long[1];
        new SessionMemory(program, kvCache, cublas, maxContext, batch, bytes -> {
            sum[0] += DeviceMemory.aligned(bytes);
            return 0;
        });
        return sum[0];
    }

    /// Fills the tables, whose angles are double, and sets the counters to 0.
    void writeTables(DeviceMemory memory, int maxContext) {
        try (Arena arena = Arena.ofConfined()) {
            memory.write(arrived, arena.allocate(ValueLayout.JAVA_INT, counters()));
        }
        tables.forEach((rotary, table) -> {
            double[] frequencies = rotary.inverseFrequencies();
            double factor = switch (rotary) {
                case Rotary.None _ -> 1;
                case Rotary.HalfSplit halfSplit -> halfSplit.factor();
                case Rotary.Interleaved interleaved -> interleaved.factor();
            };
            float[] cosines = new float[Math.multiplyExact(maxContext, frequencies.length)];
            float[] sines = new float[cosines.length];
            for (int p = 0; p < maxContext; p++) {
                for (int j = 0; j < frequencies.length; j++) {
                    double angle = p * frequencies[j];
                    cosines[p * frequencies.length + j] = (float) (factor * Math.cos(angle));
                    sines[p * frequencies.length + j] = (float) (factor * Math.sin(angle));
                }
            }
            write(memory, table.cosines(), cosines);
            write(memory, table.sines(), sines);
        });
        heats.forEach((temperature, address) -> {
            float[] factors = new float[maxContext];
            for (int p = 0; p < maxContext; p++) {
                factors[p] = switch (temperature) {
                    case Temperature.None _ -> 1;
                    case Temperature.LogarithmOfPosition logarithm -> (float) logarithm.at(p);
                };
            }
            write(memory, address, factors);
        });
    }

    private static void write(DeviceMemory memory, long to, float[] values) {
        try (Arena arena = Arena.ofConfined()) {
            memory.write(to, arena.allocateFrom(ValueLayout.JAVA_FLOAT, values));
        }
    }

    long address(Buffer buffer) {
        return Objects.requireNonNull(buffers.get(buffer));
    }

    /// Where the first row of a view begins.
    long address(View view) {
        return switch (view) {
            case View.OfTokens(Buffer buffer, int offset) -> address(buffer) + (long) offset * Float.BYTES;
            case View.OfPairs(Buffer buffer, int _, int _) -> address(buffer);
        };
    }

    /// Numbers from the beginning of a row to that of the next.
    int stride(View view) {
        return switch (view) {
            case View.OfTokens(Buffer buffer, int _) -> program.layout().width(buffer);
            case View.OfPairs(Buffer _, int _, int width) -> width;
        };
    }

    Table table(Rotary rotary) {
        return Objects.requireNonNull(tables.get(rotary));
    }

    /// Factors of queries by position; 0 for none.
    long heat(Temperature temperature) {
        return heats.getOrDefault(temperature, 0L);
    }

    /// The cache of a layer that does not share.
    LayerCache cache(int layer) {
        return caches.get(layer).orElseThrow();
    }

    List<LayerCache> caches() {
        return caches.stream().flatMap(Optional::stream).toList();
    }

    /// Number of tokens, position of the first, ids.
    long pass() {
        return pass;
    }

    /// `[HEAD_ROWS][vocabulary]`.
    long logits() {
        return logits;
    }

    long partials() {
        return partials;
    }

    /// Where a [TileLauncher] keeps which pairs belong to which expert.
    long expertTiles() {
        return expertTiles;
    }

    Expansion expansion() {
        return expansion;
    }

    /// Room of a [CublasLauncher], if there is one.
    long cublas() {
        return cublas;
    }

    /// The address of a buffer; 0 if no stage needs it.
    long addressIfAny(Buffer buffer) {
        return buffers.getOrDefault(buffer, 0L);
    }

    /// Counters of blocks, 0 between kernels.
    long arrived() {
        return arrived;
    }

    long candidates() {
        return candidates;
    }

    /// Tokens by position that the greedy loop has chosen.
    long tokens() {
        return tokens;
    }

    /// Tokens by position that it must take instead; below 0 for none.
    long forced() {
        return forced;
    }
}
