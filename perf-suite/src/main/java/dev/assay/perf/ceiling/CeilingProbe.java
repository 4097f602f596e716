package dev.assay.perf.ceiling;

import dev.assay.perf.PerfException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.IntToDoubleFunction;

/// Measures what a number of threads can read and compute at most, now, on this machine.
///
/// What is measured: the sum of a segment far larger than any cache, in [ReadKernel]; multiply-adds in registers, in
/// [FmaKernel]. Not in it: writing, and reading weights that need converting. Every measurement checks its own
/// result, which is exact: a kernel that left something out would be called fast.
///
/// The threads park between measurements and disturb nothing.
public final class CeilingProbe implements AutoCloseable {
    /// A measurement of the read bandwidth reads the segment this often.
    private static final int READ_PASSES = 4;

    /// Of a call of [FmaKernel]: few enough for exact sums at any width.
    private static final int FMA_STEPS = 1 << 14;

    /// Measurements that are thrown away because they wait for the compiler or for the clock.
    private static final int WARM_UP = 2;

    private final int threads;
    private final int fmaCalls;
    private final long share;
    private final double expectedSum;
    private final Arena arena;
    private final MemorySegment numbers;
    private final ExecutorService pool;

    private CeilingProbe(int threads, int fmaCalls, long share, Arena arena, ExecutorService pool)
            throws InterruptedException {
        this.threads = threads;
        this.fmaCalls = fmaCalls;
        this.share = share;
        this.arena = arena;
        this.pool = pool;
        numbers = arena.allocate(threads * share, 64);
        // The first touch decides where a page lies: near the thread that will read it.
        expectedSum = onAllThreads(this::fill);
        for (int i = 0; i < WARM_UP; i++) {
            readBytesPerSecond();
            fmaFlopsPerSecond();
        }
    }

    /// Allocates the segment, starts the threads and warms both kernels up.
    ///
    /// @param effort of a measurement; the bytes are rounded down to whole blocks
    /// @throws IllegalArgumentException if there is not a block for each stream of each thread
    /// @throws InterruptedException if this thread was interrupted
    @SuppressWarnings("MustBeClosedChecker") // The arena lives as long as the probe, whose close() closes it.
    public static CeilingProbe open(int threads, CeilingEffort effort) throws InterruptedException {
        long unit = (long) ReadKernel.STREAMS * ReadKernel.BLOCK_BYTES;
        long share = threads < 1 ? 0 : effort.readBytes() / threads / unit * unit;
        if (share == 0) {
            throw new IllegalArgumentException(threads + " threads and " + effort.readBytes()
                    + " bytes: expected at least one thread and " + unit + " bytes for each");
        }
        Arena arena = Arena.ofShared();
        ExecutorService pool = Executors.newFixedThreadPool(
                threads, Thread.ofPlatform().daemon().name("ceiling-", 0).factory());
        try {
            return new CeilingProbe(threads, effort.fmaCalls(), share, arena, pool);
        } catch (RuntimeException | InterruptedException e) {
            pool.shutdownNow();
            arena.close();
            throw e;
        }
    }

    /// Reads the segment and returns the bandwidth, in bytes per second.
    ///
    /// @throws PerfException if the sum is wrong
    /// @throws InterruptedException if this thread was interrupted
    public double readBytesPerSecond() throws InterruptedException {
        long start = System.nanoTime();
        double sum = onAllThreads(this::read);
        double seconds = (System.nanoTime() - start) / 1e9;
        require("sum of the numbers read", READ_PASSES * expectedSum, sum);
        return (double) READ_PASSES * threads * share / seconds;
    }

    /// Computes in registers and returns the speed, in floating-point operations per second.
    ///
    /// @throws PerfException if the sum is wrong
    /// @throws InterruptedException if this thread was interrupted
    public double fmaFlopsPerSecond() throws InterruptedException {
        long start = System.nanoTime();
        double sum = onAllThreads(this::multiplyAndAdd);
        double seconds = (System.nanoTime() - start) / 1e9;
        require("sum of the products", (double) threads * fmaCalls * FmaKernel.expected(FMA_STEPS), sum);
        return (double) threads * fmaCalls * FmaKernel.flops(FMA_STEPS) / seconds;
    }

    private double multiplyAndAdd(int thread) {
        double sum = 0;
        for (int i = 0; i < fmaCalls; i++) {
            sum += FmaKernel.run(1, FMA_STEPS);
        }
        return sum;
    }

    /// Fills a thread's share with zeros and ones in an irregular order, whose sums float32 holds exactly.
    private double fill(int thread) {
        double ones = 0;
        long from = thread * share;
        for (long at = from; at < from + share; at += Float.BYTES) {
            long mixed = at * 0x9e3779b97f4a7c15L;
            float bit = mixed >>> 63;
            numbers.set(ValueLayout.JAVA_FLOAT, at, bit);
            ones += bit;
        }
        return ones;
    }

    private double read(int thread) {
        long stream = share / ReadKernel.STREAMS;
        double sum = 0;
        for (int pass = 0; pass < READ_PASSES; pass++) {
            for (long at = 0; at < stream; at += ReadKernel.BLOCK_BYTES) {
                sum += ReadKernel.sum(numbers, thread * share + at, stream);
            }
        }
        return sum;
    }

    /// Runs the work once on each thread, told its number, and returns the sum of the results.
    private double onAllThreads(IntToDoubleFunction work) throws InterruptedException {
        List<Callable<Double>> tasks = new ArrayList<>();
        for (int thread = 0; thread < threads; thread++) {
            int number = thread;
            tasks.add(() -> work.applyAsDouble(number));
        }
        double sum = 0;
        try {
            for (Future<Double> done : pool.invokeAll(tasks)) {
                sum += done.get();
            }
        } catch (ExecutionException e) {
            throw new PerfException("a ceiling could not be measured: " + e.getCause(), e);
        }
        return sum;
    }

    private static void require(String what, double expected, double found) {
        if (found != expected) {
            throw new PerfException(what + ": expected " + expected + ", found " + found
                    + ": the vector kernels of this machine or JVM compute wrongly");
        }
    }

    @Override
    public void close() {
        pool.close();
        arena.close();
    }
}
