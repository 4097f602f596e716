package dev.assay.vector.thread;

/// The static partition of work among threads: each gets neighbouring units, as evenly as whole units allow.
public final class Split {
    private Split() {}

    /// The first of `units` that a thread gets; its last is before the first of the next thread.
    public static int start(int units, int thread, int threads) {
        return (int) ((long) units * thread / threads);
    }

    /// As [#start], in whole groups of `group` units but for the last, which may be smaller.
    public static int start(int units, int group, int thread, int threads) {
        return Math.min(units, start(Math.ceilDiv(units, group), thread, threads) * group);
    }
}
