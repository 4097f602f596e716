package dev.assay.perf.run;

import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// When the requests of an open loop are due: known before the first is served, so that a slow answer delays none.
///
/// @param nanos of each request after the start, ascending
record Schedule(long[] nanos) {
    private static final long SEED = 1;

    /// Independent users: intervals are exponentially distributed, from a fixed seed; the first request is due at
    /// once.
    static Schedule of(Load.OpenLoop load) {
        SplittableRandom random = new SplittableRandom(SEED);
        double nanosBetween = TimeUnit.SECONDS.toNanos(1) / load.requestsPerSecond();
        long[] due = new long[load.requests()];
        for (int i = 1; i < due.length; i++) {
            due[i] = due[i - 1] + Math.round(nanosBetween * random.nextExponential());
        }
        return new Schedule(due);
    }

    /// Waits until a moment of [System#nanoTime]; not at all if it has passed.
    ///
    /// @throws InterruptedException if this thread was interrupted
    static void await(long moment) throws InterruptedException {
        long left;
        while ((left = moment - System.nanoTime()) > 0) {
            LockSupport.parkNanos(left);
            if (Thread.interrupted()) {
                throw new InterruptedException("waiting for the next request");
            }
        }
    }
}
