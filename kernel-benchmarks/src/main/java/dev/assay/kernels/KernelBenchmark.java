package dev.assay.kernels;

import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
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
import org.openjdk.jmh.annotations.Warmup;
import org.openjdk.jmh.infra.BenchmarkParams;

/// A kernel and its scalar twin, timed in JVMs of their own. A subclass has the parameters and makes the [Pair].
///
/// Measured: one call on one thread; several threads, `-t`, have operands of their own. Left out: making the operands,
/// and sharing the work out. Before anything is timed the two results are compared. With [RooflineProfiler] the results
/// also hold rates and the share of what the machine can do.
///
/// How to run: `./assay kernels`, or, after `mvn package`, with all of JMH's options:
///
/// ```
/// java -cp 'cli/target/lib/*' org.openjdk.jmh.Main kernels.MatVec -p dtype=BF16 -prof
/// dev.assay.kernels.RooflineProfiler
/// ```
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.MICROSECONDS)
// The first iterations wait for the compiler.
@Warmup(iterations = 2, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 3, time = 500, timeUnit = TimeUnit.MILLISECONDS)
@Fork(value = 1, jvmArgsPrepend = "--add-modules=jdk.incubator.vector")
public abstract class KernelBenchmark {
    private @Nullable Pair pair;

    /// Makes the operands.
    abstract Pair pair();

    /// Makes the operands, computes both results and compares them.
    ///
    /// @throws IllegalStateException if the kernel is wrong
    @Setup(Level.Trial)
    public final void makeAndCheck(BenchmarkParams params) {
        Pair made = pair();
        RooflineProfiler.checked(made.work(), made.check(parameters(params)));
        pair = made;
    }

    /// `dtype=BF16 rows=1024: `, or nothing.
    private static String parameters(BenchmarkParams params) {
        String text = params.getParamsKeys().stream()
                .map(key -> key + "=" + params.getParam(key))
                .collect(Collectors.joining(" "));
        return text.isEmpty() ? "" : text + ": ";
    }

    /// The kernel.
    @Benchmark
    public final float[] vector() {
        return Objects.requireNonNull(pair).vector().get();
    }

    /// Its twin.
    @Benchmark
    public final float[] scalar() {
        return Objects.requireNonNull(pair).scalar().get();
    }
}
