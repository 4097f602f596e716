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
/// @param logits of the last position of the prompt and of every decoded one: `[1 + decoded][V]`
record Repetition(long prefillNanos, long[] decodeNanos, long allocatedBytes, float[][] logits) {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

    /// Runs the workload in a session that was made for the last position's logits only.
    static Repetition run(Session session, Workload workload) {
        int[] decoded = workload.decoded();
        long[] nanos = new long[decoded.length];
        Prediction[] predictions = new Prediction[1 + decoded.length];
        session.reset();

        long start = System.nanoTime();
        predictions[0] = session.prefill(workload.prompt());
        long prefillNanos = System.nanoTime() - start;

        long allocatedBefore = THREADS.getTotalThreadAllocatedBytes();
        long last = System.nanoTime();
        for (int i = 0; i < decoded.length; i++) {
            predictions[1 + i] = session.decode(decoded[i]);
            long now = System.nanoTime();
            nanos[i] = now - last;
            last = now;
        }
        long allocated = THREADS.getTotalThreadAllocatedBytes() - allocatedBefore;

        float[][] logits = new float[predictions.length][];
        for (int i = 0; i < logits.length; i++) {
            logits[i] = FullLogits.of(predictions[i]).last();
        }
        return new Repetition(prefillNanos, nanos, allocated, logits);
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
