package dev.assay.perf.run;

import dev.assay.engine.Capability;
import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.engine.Support;
import dev.assay.perf.ceiling.CeilingProbe;
import dev.assay.report.BenchRow.Ceilings;
import dev.assay.report.BenchRow.Latency;
import dev.assay.report.BenchRow.OpenLoop;
import dev.assay.report.BenchRow.Requests;
import dev.assay.report.BenchRow.Sessions;
import dev.assay.report.BenchRow.WarmUp;
import dev.assay.report.Spread;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The repetitions of a workload on one engine, with the ceilings of the machine measured right before and right after
/// each half of each: what slows the machine down for a second slows both.
///
/// @param prefill tokens per second of each repetition
/// @param decode tokens per second of each repetition
/// @param prefillPerFlop of each repetition, tokens for every floating-point operation that the machine could do
///     around it
/// @param decodePerByte of each repetition, tokens for every byte that the machine could read around it
/// @param requests with every load that was asked for
/// @param itl latency of decoded tokens
/// @param allocatedBytesPerToken of each repetition
/// @param cacheBytes that the session held after the last token; null if the engine does not count them
/// @param peakRssBytes from the reset of the peak to the end of the warm-up
/// @param offHeapBytes at the end of the warm-up
/// @param logits of the last repetition, `[1 + decoded][V]`
/// @param digests of the logits of each repetition
/// @param loadsEqual whether all logits under every load were those of the last repetition, to the bit
record TimedRun(
        Spread prefill,
        Spread decode,
        Spread prefillPerFlop,
        Spread decodePerByte,
        Requests requests,
        Latency itl,
        Spread allocatedBytesPerToken,
        @Nullable Long cacheBytes,
        long peakRssBytes,
        long offHeapBytes,
        WarmUp warmUp,
        Ceilings ceilings,
        float[][] logits,
        List<String> digests,
        boolean loadsEqual) {
    /// A repetition must beat the fastest before it by more than this to count as faster.
    private static final double FASTER = 0.97;

    /// So many repetitions in a row that are not faster end the warm-up.
    private static final int CALM = 2;

    /// Warms up and measures.
    ///
    /// @param support of the engine
    /// @param log receives every latency
    /// @throws InterruptedException if this thread was interrupted
    static TimedRun run(
            Model model, Support.Supported support, int vocabSize, Workload workload, Settings settings, LatencyLog log)
            throws InterruptedException {
        boolean countsCache = support.capabilities().contains(Capability.KV_CACHE_BYTES);
        SessionOptions options = SessionOptions.ofContext(workload.length())
                .withLogits(LogitsScope.LAST_POSITION)
                .withResults(ResultLifetime.UNTIL_NEXT_CALL);
        float[][] logits = new float[1 + workload.decoded().length][vocabSize]; // [1 + decoded][V]
        try (Session session = model.newSession(options)) {
            WarmUp warmUp = warmUp(session, workload, settings, logits);
            // Before the ceilings' segment is there.
            long peakRss = ProcessMemory.peakBytes();
            long offHeap = ProcessMemory.offHeapBytes();
            Repetitions timed;
            try (CeilingProbe probe = CeilingProbe.open(settings.threads(), settings.ceilings())) {
                timed = Repetitions.run(session, workload, settings.repetitions(), probe, logits, log);
            }
            Long cacheBytes = countsCache ? (Long) session.kvCacheBytes() : null;
            LoadRun under = new LoadRun(workload, logits, log);
            @Nullable Sessions sessions = null;
            @Nullable OpenLoop openLoop = null;
            for (Load load : settings.loads()) {
                switch (load) {
                    case Load.Sessions asked ->
                        sessions = under.sessions(model, options, asked, settings.repetitions());
                    case Load.OpenLoop asked -> openLoop = under.openLoop(session, asked);
                }
            }
            return new TimedRun(
                    Spread.of(timed.prefill()),
                    Spread.of(timed.decode()),
                    Spread.of(timed.prefillPerFlop()),
                    Spread.of(timed.decodePerByte()),
                    new Requests(
                            log.tag(), log.latency("ttft"), log.latency("tpot"), timed.recording(), sessions, openLoop),
                    log.latency("itl"),
                    Spread.of(timed.allocated()),
                    cacheBytes,
                    peakRss,
                    offHeap,
                    warmUp,
                    timed.ceilings(),
                    logits,
                    timed.digests(),
                    under.isEqual());
        }
    }

    private static WarmUp warmUp(Session session, Workload workload, Settings settings, float[][] logits) {
        long start = System.nanoTime();
        long limit = settings.warmUpLimit().toNanos();
        long bestPrefill = Long.MAX_VALUE;
        long bestDecode = Long.MAX_VALUE;
        int repetitions = 0;
        int calm = 0;
        do {
            Repetition repetition = Repetition.run(session, workload, logits);
            repetitions++;
            boolean faster = repetition.prefillNanos() < FASTER * bestPrefill
                    || repetition.totalDecodeNanos() < FASTER * bestDecode;
            calm = faster ? 0 : calm + 1;
            bestPrefill = Math.min(bestPrefill, repetition.prefillNanos());
            bestDecode = Math.min(bestDecode, repetition.totalDecodeNanos());
        } while (calm < CALM && System.nanoTime() - start < limit);
        return new WarmUp(repetitions, (System.nanoTime() - start) / 1e6, calm == CALM);
    }

    /// Whether every repetition computed the same, to the bit.
    boolean repeats() {
        return digests.stream().distinct().count() == 1;
    }
}
