package dev.assay.perf.run;

import dev.assay.engine.Model;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.report.BenchRow.OpenLoop;
import dev.assay.report.BenchRow.Sessions;
import dev.assay.report.Spread;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The same workload under a load, warm from the timed run. Every row of logits is compared with the timed run's, bit
/// for bit; that takes no time of the engine's, and of a reader's wait less than a thousandth.
final class LoadRun {
    private final Workload workload;
    private final float[][] expected;
    private final LatencyLog log;
    private boolean equal = true;

    /// @param expected logits of the timed run, `[1 + decoded][V]`
    LoadRun(Workload workload, float[][] expected, LatencyLog log) {
        this.workload = workload;
        this.expected = expected;
        this.log = log;
    }

    /// Whether every row of logits so far was the timed run's, to the bit.
    boolean isEqual() {
        return equal;
    }

    /// Sessions that take turns, a token each.
    Sessions sessions(Model model, SessionOptions options, Load.Sessions load, int repetitions) {
        List<Session> sessions = new ArrayList<>();
        try {
            for (int i = 0; i < load.count(); i++) {
                sessions.add(model.newSession(options));
            }
            List<Double> tokensPerSecond = new ArrayList<>();
            for (int i = 0; i < repetitions; i++) {
                tokensPerSecond.add(takeTurns(sessions));
            }
            return new Sessions(
                    load.count(),
                    Spread.of(tokensPerSecond),
                    sessions.stream()
                            .map(session -> log.latency(itl(sessions.indexOf(session))))
                            .toList());
        } finally {
            sessions.forEach(Session::close);
        }
    }

    private static String itl(int session) {
        return "session-" + (session + 1) + "/itl";
    }

    /// One repetition; returns the decoded tokens of all sessions for every second that one of them was decoding.
    private double takeTurns(List<Session> sessions) {
        int[] decoded = workload.decoded();
        for (Session session : sessions) {
            session.reset();
            compare(FullLogits.of(session.prefill(workload.prompt())).last(), 0);
        }
        long startMillis = System.currentTimeMillis();
        long[][] waits = new long[sessions.size()][decoded.length]; // [session][decoded]
        long[] last = new long[sessions.size()];
        Arrays.fill(last, System.nanoTime());
        long busy = 0;
        for (int i = 0; i < decoded.length; i++) {
            for (int of = 0; of < sessions.size(); of++) {
                long before = System.nanoTime();
                float[] logits =
                        FullLogits.of(sessions.get(of).decode(decoded[i])).last();
                long after = System.nanoTime();
                waits[of][i] = after - last[of];
                last[of] = after;
                busy += after - before;
                compare(logits, 1 + i);
            }
        }
        long endMillis = System.currentTimeMillis();
        for (int of = 0; of < sessions.size(); of++) {
            log.add(itl(of), startMillis, endMillis, waits[of]);
        }
        return (double) sessions.size() * decoded.length / (busy / 1e9);
    }

    /// Requests that one session serves in the order in which they are due.
    ///
    /// @throws InterruptedException if this thread was interrupted
    OpenLoop openLoop(Session session, Load.OpenLoop load) throws InterruptedException {
        int[] decoded = workload.decoded();
        long start = System.nanoTime();
        for (long due : Schedule.of(load).nanos()) {
            long intended = start + due;
            Schedule.await(intended);
            long startMillis = System.currentTimeMillis();
            long begun = System.nanoTime();
            session.reset();
            float[] logits = FullLogits.of(session.prefill(workload.prompt())).last();
            long first = System.nanoTime();
            compare(logits, 0);
            long last = first;
            for (int i = 0; i < decoded.length; i++) {
                logits = FullLogits.of(session.decode(decoded[i])).last();
                last = System.nanoTime();
                compare(logits, 1 + i);
            }
            long endMillis = System.currentTimeMillis();
            log.add("open-loop/ttft", startMillis, endMillis, first - intended);
            log.add("open-loop/tpot", startMillis, endMillis, (last - first) / decoded.length);
            log.add("open-loop/total", startMillis, endMillis, last - intended);
            log.add("open-loop/waiting", startMillis, endMillis, begun - intended);
        }
        return new OpenLoop(
                load.requestsPerSecond(),
                load.requests(),
                log.latency("open-loop/ttft"),
                log.latency("open-loop/tpot"),
                log.latency("open-loop/total"),
                log.latency("open-loop/waiting"));
    }

    private void compare(float[] logits, int row) {
        equal &= Arrays.equals(logits, expected[row]);
    }
}
