package dev.assay.perf.run;

import com.sun.management.ThreadMXBean;
import dev.assay.engine.Prediction;
import dev.assay.engine.Session;
import java.lang.management.ManagementFactory;

/// One pass over a workload, as the clock saw it.
///
/// Between the two readings of the clock there is nothing but the engine and, in decoding, a reading of the clock and
/// two stores for each token.
///
/// @param prefillNanos from the call with the prompt to its logits
/// @param decodeNanos for each decoded token, from the call to its logits: `[decoded]`
/// @param allocatedBytes on the heap, by all threads, while decoding
record Repetition(long prefillNanos, long[] decodeNanos, long allocatedBytes) {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// Runs the workload in a session that was made for the last position's logits only, and whose results may be
    /// overwritten by its next call.
    ///
    /// @param logits receives those of the last position of the prompt and of every decoded one, `[1 +
    /// decoded][V]`;
    ///     copying them is not timed
    static Repetition run(Session session, Workload workload, float[][] logits) {
        long prefillNanos = prefill(session, workload, logits);
        return decode(session, workload, logits, prefillNanos);
    }

    /// The first half of [#run]: the prompt, in an empty session. Returns nanoseconds.
    static long prefill(Session session, Workload workload, float[][] logits) {
        session.reset();
        long start = System.nanoTime();
        Prediction prediction = session.prefill(workload.prompt());
        long nanos = System.nanoTime() - start;
        copy(prediction, logits[0]);
        return nanos;
    }

    /// The second half of [#run].
    static Repetition decode(Session session, Workload workload, float[][] logits, long prefillNanos) {
        int[] decoded = workload.decoded();
        long[] nanos = new long[decoded.length];
        long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
        for (int i = 0; i < decoded.length; i++) {
            long before = System.nanoTime();
            Prediction prediction = session.decode(decoded[i]);
            nanos[i] = System.nanoTime() - before;
            copy(prediction, logits[1 + i]);
        }
        long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;
        return new Repetition(prefillNanos, nanos, allocated);
    }

    private static void copy(Prediction prediction, float[] into) {
        float[] last = FullLogits.of(prediction).last();
        System.arraycopy(last, 0, into, 0, into.length);
    }

    long totalDecodeNanos() {
        long sum = 0;
        for (long nanos : decodeNanos) {
            sum += nanos;
        }
        return sum;
    }

    double prefillTokensPerSecond(Workload workload) {
        return workload.prompt().length / (prefillNanos / 1e9);
    }

    double decodeTokensPerSecond() {
        return decodeNanos.length / (totalDecodeNanos() / 1e9);
    }
}
