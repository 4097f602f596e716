package dev.assay.perf.run;

/// What it takes to know the latency of a token: what [Repetition] does for each, with nothing to measure.
final class RecordingCost {
    /// So many that the first, interpreted ones do not count.
    private static final int RECORDINGS = 200_000;

    /// The stores go round in so much memory as a run of that many tokens takes.
    private static final int TOKENS = 1 << 10;

    private RecordingCost() {}

    /// Nanoseconds of one recording.
    static double nanoseconds() {
        long[] nanos = new long[TOKENS];
        record(nanos);
        long start = System.nanoTime();
        record(nanos);
        return (double) (System.nanoTime() - start) / RECORDINGS;
    }

    private static void record(long[] nanos) {
        for (int i = 0; i < RECORDINGS; i++) {
            long before = System.nanoTime();
            nanos[i % TOKENS] = System.nanoTime() - before;
        }
    }
}
