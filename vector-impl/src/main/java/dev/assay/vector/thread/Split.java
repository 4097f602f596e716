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

    /// Units that [#start] shares out beforehand, where the rest goes to whoever is free: memory serves threads
    /// unevenly, and a task is as slow as its slowest thread.
    public static int fixed(int units) {
        return units - units / 4;
    }

    /// Pieces that the rest is cut into.
    public static int pieces(int threads) {
        return threads == 1 ? 1 : 4 * threads;
    }

    /// The first unit of a piece of the rest; its last is before the first of the next piece.
    public static int pieceStart(int units, int piece, int threads) {
        return fixed(units) + start(units - fixed(units), piece, pieces(threads));
    }
}
