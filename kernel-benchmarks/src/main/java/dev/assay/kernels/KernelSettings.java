package dev.assay.kernels;

import java.util.List;
import java.util.Map;

/// How benchmarks of kernels run.
///
/// @param forks JVMs a benchmark, each new; 0 for this one, in which figures mean nothing
/// @param threads that call at once
/// @param warmupIterations that are not counted
/// @param iterations that are
/// @param iterationMillis of either
/// @param parameters that replace the benchmarks' own: from name to values
public record KernelSettings(
        int forks,
        int threads,
        int warmupIterations,
        int iterations,
        int iterationMillis,
        Map<String, List<String>> parameters) {
    /// Some three seconds a benchmark.
    public static final KernelSettings STANDARD = new KernelSettings(1, 1, 2, 3, 500, Map.of());

    public KernelSettings {
        if (forks < 0 || threads < 1 || warmupIterations < 0 || iterations < 1 || iterationMillis < 1) {
            throw new IllegalArgumentException("forks, threads, warm-up, iterations, milliseconds: found " + forks
                    + ", " + threads + ", " + warmupIterations + ", " + iterations + ", " + iterationMillis);
        }
        parameters = Map.copyOf(parameters);
    }

    /// These, with other forks, threads and parameters.
    public KernelSettings with(int otherForks, int otherThreads, Map<String, List<String>> otherParameters) {
        return new KernelSettings(
                otherForks, otherThreads, warmupIterations, iterations, iterationMillis, otherParameters);
    }
}
