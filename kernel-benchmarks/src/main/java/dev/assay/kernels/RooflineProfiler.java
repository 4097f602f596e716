package dev.assay.kernels;

import dev.assay.perf.ceiling.CeilingEffort;
import dev.assay.perf.ceiling.CeilingProbe;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.infra.BenchmarkParams;
import org.openjdk.jmh.infra.IterationParams;
import org.openjdk.jmh.profile.InternalProfiler;
import org.openjdk.jmh.results.AggregationPolicy;
import org.openjdk.jmh.results.IterationResult;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.ScalarResult;
import org.openjdk.jmh.runner.IterationType;

/// Adds to each measured iteration of a [KernelBenchmark] what its time means: bytes and operations a second over all
/// threads, and their share of what as many threads of this JVM read and compute at most.
///
/// The ceilings are measured right before and right after the iteration; the share is relative to their mean.
public final class RooflineProfiler implements InternalProfiler {
    /// Bytes a second, in 10⁹.
    public static final String BANDWIDTH = "bandwidth";
    /// Operations a second, in 10⁹.
    public static final String ARITHMETIC = "arithmetic";
    /// Percent of the speed that the ceilings allow; only where [Work] has operations.
    public static final String SHARE = "share";
    /// The ceilings, in the units of the two rates.
    public static final String READ_CEILING = "ceiling.bandwidth";

    public static final String FMA_CEILING = "ceiling.arithmetic";
    /// Elements of the result that were compared with the twin's.
    public static final String CHECKED = "checked";

    /// Half of what a run of a whole model takes, since there are many kernels; still far more than caches hold.
    private static final CeilingEffort EFFORT = new CeilingEffort(512L << 20, 1 << 11);

    /// The benchmark that runs in this JVM tells here what it does: JMH makes the two and introduces neither.
    private static volatile @Nullable Checked checked;

    private static @Nullable Machine machine;

    private @Nullable Ceilings before;

    private record Checked(Work work, int elements) {}

    private record Ceilings(double bytesPerSecond, double flopsPerSecond) {
        Ceilings meanWith(Ceilings other) {
            return new Ceilings(
                    (bytesPerSecond + other.bytesPerSecond) / 2, (flopsPerSecond + other.flopsPerSecond) / 2);
        }
    }

    /// The threads that measure ceilings. They live as long as the JVM, and park meanwhile.
    private record Machine(int threads, CeilingProbe probe) {}

    /// Takes note of what is about to be timed.
    static void checked(Work work, int elements) {
        checked = new Checked(work, elements);
    }

    @Override
    public String getDescription() {
        return "Rates of kernels, and their share of the machine's read bandwidth and float32 peak";
    }

    @Override
    public void beforeIteration(BenchmarkParams benchmark, IterationParams iteration) {
        if (iteration.getType() == IterationType.MEASUREMENT && before == null) {
            before = ceilings(benchmark.getThreads());
        }
    }

    @Override
    public List<Result<?>> afterIteration(
            BenchmarkParams benchmark, IterationParams iteration, IterationResult result) {
        Checked done = checked;
        if (iteration.getType() != IterationType.MEASUREMENT || done == null) {
            return List.of();
        }
        if (benchmark.getMode() != Mode.AverageTime) {
            throw new IllegalStateException("mode of " + benchmark.getBenchmark() + ": expected " + Mode.AverageTime
                    + ", found " + benchmark.getMode());
        }
        Ceilings after = ceilings(benchmark.getThreads());
        Ceilings mean = Objects.requireNonNull(before).meanWith(after);
        before = after;
        // Every thread takes this long for a call, so that all together end one this often.
        double seconds = result.getPrimaryResult().getScore()
                * benchmark.getTimeUnit().toNanos(1)
                / 1e9
                / benchmark.getThreads();
        Work work = done.work();
        List<Result<?>> results = new ArrayList<>();
        results.add(average(BANDWIDTH, work.bytes() / seconds / 1e9, "GB/s"));
        if (work.flops() > 0) {
            results.add(average(ARITHMETIC, work.flops() / seconds / 1e9, "GFLOP/s"));
            results.add(average(SHARE, 100 * work.bound(mean.bytesPerSecond, mean.flopsPerSecond) / seconds, "%"));
        }
        results.add(average(READ_CEILING, mean.bytesPerSecond / 1e9, "GB/s"));
        results.add(average(FMA_CEILING, mean.flopsPerSecond / 1e9, "GFLOP/s"));
        results.add(average(CHECKED, done.elements(), "elements"));
        return results;
    }

    private static ScalarResult average(String label, double value, String unit) {
        return new ScalarResult(label, value, unit, AggregationPolicy.AVG);
    }

    private static Ceilings ceilings(int threads) {
        try {
            Machine measured = machine;
            if (measured == null || measured.threads != threads) {
                if (measured != null) {
                    measured.probe.close();
                }
                measured = new Machine(threads, CeilingProbe.open(threads, EFFORT));
                machine = measured;
            }
            return new Ceilings(measured.probe.readBytesPerSecond(), measured.probe.fmaFlopsPerSecond());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while the ceilings were measured", e);
        }
    }
}
