package dev.assay.kernels;

/// A kernel that is fast because it leaves out the last element.
public class WrongKernel extends KernelBenchmark {
    @Override
    Pair pair() {
        return new Pair(() -> new float[] {1, 2, 0}, () -> new float[] {1, 2, 3}, Work.inCache(12, 3), 1e-6);
    }
}
