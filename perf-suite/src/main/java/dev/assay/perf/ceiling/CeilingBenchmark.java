package dev.assay.perf.ceiling;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.AuxCounters;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// The kernels behind the ceilings, one by one: what a [CeilingProbe] measures in the middle of a run, with JMH's care.
///
/// Measured: a block of [ReadKernel] and a call of [FmaKernel]. Left out: starting threads. Bound: `read` by the
/// bandwidth of the memory, as each thread reads far more than a cache holds; `fma` by the multiply-adders of the core.
/// The secondary results `bytes` and `flops` are those of a second, over all threads. Both kernels are checked before
/// they are timed.
///
/// How to run, on two threads, after `mvn package`:
///
/// ```
/// java --add-modules=jdk.incubator.vector -cp 'cli/target/lib/*' org.openjdk.jmh.Main CeilingBenchmark -t 2
/// ```
@BenchmarkMode(Mode.Throughput)
@OutputTimeUnit(TimeUnit.SECONDS)
// The first iterations wait for the compiler.
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(2)
public class CeilingBenchmark {
    /// Numbers to read, of each thread.
    @State(Scope.Thread)
    public static class Numbers {
        /// More than the last-level cache of any processor has for a core.
        private static final long STREAM_BYTES = 64L << 20;

        private final Arena arena = Arena.ofShared();
        private final MemorySegment ones = arena.allocate(ReadKernel.STREAMS * STREAM_BYTES, 64);
        private long offset;

        /// Fills the streams with ones and checks the kernel.
        @Setup(Level.Trial)
        public void fillAndCheck() {
            for (long i = 0; i < ones.byteSize(); i += Float.BYTES) {
                ones.set(ValueLayout.JAVA_FLOAT, i, 1);
            }
            float sum = ReadKernel.sum(ones, 0, STREAM_BYTES);
            float expected = (float) ReadKernel.STREAMS * ReadKernel.BLOCK_BYTES / Float.BYTES;
            if (sum != expected) {
                throw new IllegalStateException("sum of a block: expected " + expected + ", found " + sum);
            }
        }

        /// The next block.
        long next() {
            long at = offset;
            offset = (at + ReadKernel.BLOCK_BYTES) % STREAM_BYTES;
            return at;
        }

        /// Frees the streams.
        @TearDown(Level.Trial)
        public void free() {
            arena.close();
        }
    }

    /// What JMH divides by the time.
    @AuxCounters
    @State(Scope.Thread)
    public static class Read {
        /// Bytes read.
        public long bytes;
    }

    /// What JMH divides by the time.
    @AuxCounters
    @State(Scope.Thread)
    public static class Computed {
        /// Floating-point operations.
        public long flops;
    }

    /// Steps of a call; a factor that no compiler knows.
    @State(Scope.Benchmark)
    public static class Steps {
        private static final int STEPS = 1 << 12;

        private float factor;

        /// Checks the kernel.
        @Setup(Level.Trial)
        public void check() {
            factor = 1;
            float sum = FmaKernel.run(factor, STEPS);
            if (sum != FmaKernel.expected(STEPS)) {
                throw new IllegalStateException(
                        "sum of the products: expected " + FmaKernel.expected(STEPS) + ", found " + sum);
            }
        }
    }

    /// Reads a block.
    @Benchmark
    public float read(Numbers numbers, Read read) {
        read.bytes += (long) ReadKernel.STREAMS * ReadKernel.BLOCK_BYTES;
        return ReadKernel.sum(numbers.ones, numbers.next(), Numbers.STREAM_BYTES);
    }

    /// Multiplies and adds in registers.
    @Benchmark
    public float fma(Steps steps, Computed computed) {
        computed.flops += FmaKernel.flops(Steps.STEPS);
        return FmaKernel.run(steps.factor, Steps.STEPS);
    }
}
