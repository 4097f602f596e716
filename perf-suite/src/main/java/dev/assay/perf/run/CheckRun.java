package dev.assay.perf.run;

import dev.assay.engine.Capability;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Logits of a workload, computed without a clock: every position at once, where the timed run decodes one by one.
///
/// @param first rows of the first positions, `[positions][V]`
/// @param timed rows of the last position of the prompt and of every decoded one, `[1 + decoded][V]`
/// @param experts that were counted on the way
record CheckRun(float[][] first, float[][] timed, ExpertCounter experts) {
    /// Rows of logits that one call may return: the rest is thrown away chunk by chunk.
    private static final long CHUNK_BYTES = 256L << 20;

    /// Runs the workload on the engine under test, telling the counter of the experts.
    static CheckRun run(Model model, Support.Supported support, Workload workload, int positions) {
        ExpertCounter experts = new ExpertCounter();
        SessionOptions options = SessionOptions.ofContext(workload.length());
        boolean reports = support.capabilities().contains(Capability.ROUTED_EXPERTS);
        int[] tokens = workload.tokens();
        List<float[]> first = new ArrayList<>();
        List<float[]> timed = new ArrayList<>();
        try (Session session = model.newSession(reports ? options.withTaps(experts) : options)) {
            int at = 0;
            int chunk = support.capabilities().contains(Capability.CHUNKED_PREFILL)
                    ? Math.min(tokens.length, positions)
                    : tokens.length;
            while (at < tokens.length) {
                float[][] rows = FullLogits.of(session.prefill(Arrays.copyOfRange(tokens, at, at + chunk)))
                        .values(); // [chunk][V]
                for (float[] row : rows) {
                    if (at < positions) {
                        first.add(row);
                    }
                    if (at >= workload.prompt().length - 1) {
                        timed.add(row);
                    }
                    at++;
                }
                long rowBytes = (long) rows[0].length * Float.BYTES;
                chunk = (int) Math.min(tokens.length - at, Math.max(1, CHUNK_BYTES / rowBytes));
            }
        }
        return new CheckRun(first.toArray(float[][]::new), timed.toArray(float[][]::new), experts);
    }

    /// Logits of the first positions of the workload by the reference, `[1 to positions][V]`.
    ///
    /// @param limit after which no further position is begun
    static float[][] reference(Model reference, Workload workload, int positions, Duration limit) {
        int[] tokens = workload.tokens();
        int most = Math.min(positions, tokens.length);
        List<float[]> rows = new ArrayList<>();
        long start = System.nanoTime();
        try (Session session =
                reference.newSession(SessionOptions.ofContext(most).withLogits(LogitsScope.ALL_POSITIONS))) {
            do {
                rows.add(FullLogits.of(session.decode(tokens[rows.size()])).last());
            } while (rows.size() < most && System.nanoTime() - start < limit.toNanos());
        }
        return rows.toArray(float[][]::new);
    }
}
