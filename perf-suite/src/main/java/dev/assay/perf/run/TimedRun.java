package dev.assay.perf.run;

import dev.assay.engine.LogitsScope;
import dev.assay.engine.Model;
import dev.assay.engine.ResultLifetime;
import dev.assay.engine.Session;
import dev.assay.engine.SessionOptions;
import dev.assay.perf.ceiling.CeilingProbe;
import dev.assay.report.BenchRow.Ceilings;
import dev.assay.report.BenchRow.Latency;
import dev.assay.report.BenchRow.WarmUp;
import dev.assay.report.Spread;
import java.util.ArrayList;
import java.util.List;
import org.HdrHistogram.Histogram;

/// The repetitions of a workload on one engine, with the ceilings of the machine measured right before and right after
/// each half of each: what slows the machine down for a second slows both.
///
/// @param prefill tokens per second of each repetition
/// @param decode tokens per second of each repetition
/// @param prefillPerFlop of each repetition, tokens for every floating-point operation that the machine could do
///     around it
/// @param decodePerByte of each repetition, tokens for every byte that the machine could read around it
/// @param latency of decoded tokens
/// @param allocatedBytesPerToken of each repetition
/// @param cacheBytes that the session held after the last token
/// @param peakRssBytes of the process from the reset of the peak to the end of the warm-up
/// @param logits of the last repetition, `[1 + decoded][V]`
/// @param digests of the logits of each repetition
record TimedRun(
        Spread prefill,
        Spread decode,
        Spread prefillPerFlop,
        Spread decodePerByte,
        Latency latency,
        Spread allocatedBytesPerToken,
        long cacheBytes,
        long peakRssBytes,
        WarmUp warmUp,
        Ceilings ceilings,
        float[][] logits,
        List<String> digests) {
    /// A repetition must beat the fastest before it by more than this to count as faster.
    private static final double FASTER = 0.97;

    /// So many repetitions in a row that are not faster end the warm-up.
    private static final int CALM = 2;

    /// Latencies are recorded up to this, in nanoseconds, and to three significant digits.
    private static final long LONGEST_LATENCY = 3_600_000_000_000L;

    private static final int DIGITS = 3;

    /// Warms up and measures.
    ///
    /// @throws InterruptedException if this thread was interrupted
    static TimedRun run(Model model, int vocabSize, Workload workload, Settings settings) throws InterruptedException {
        SessionOptions options = SessionOptions.ofContext(workload.length())
                .withLogits(LogitsScope.LAST_POSITION)
                .withResults(ResultLifetime.UNTIL_NEXT_CALL);
        float[][] logits = new float[1 + workload.decoded().length][vocabSize]; // [1 + decoded][V]
        try (Session session = model.newSession(options)) {
            WarmUp warmUp = warmUp(session, workload, settings, logits);
            // Before the ceilings' segment is there.
            long peakRss = PeakMemory.bytes();
            try (CeilingProbe probe = CeilingProbe.open(settings.threads(), settings.ceilings())) {
                return measure(session, workload, settings, probe, warmUp, peakRss, logits);
            }
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

    private static TimedRun measure(
            Session session,
            Workload workload,
            Settings settings,
            CeilingProbe probe,
            WarmUp warmUp,
            long peakRss,
            float[][] logits)
            throws InterruptedException {
        Histogram latencies = new Histogram(LONGEST_LATENCY, DIGITS);
        List<Double> prefill = new ArrayList<>();
        List<Double> decode = new ArrayList<>();
        List<Double> allocated = new ArrayList<>();
        List<Double> read = new ArrayList<>();
        List<Double> fma = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        List<Double> prefillPerFlop = new ArrayList<>();
        List<Double> decodePerByte = new ArrayList<>();
        for (int i = 0; i < settings.repetitions(); i++) {
            fma.add(probe.fmaFlopsPerSecond());
            long prefillNanos = Repetition.prefill(session, workload, logits);
            fma.add(probe.fmaFlopsPerSecond());
            read.add(probe.readBytesPerSecond());
            Repetition repetition = Repetition.decode(session, workload, logits, prefillNanos);
            read.add(probe.readBytesPerSecond());
            prefill.add(repetition.prefillTokensPerSecond(workload));
            decode.add(repetition.decodeTokensPerSecond());
            prefillPerFlop.add(prefill.getLast() / meanOfLastTwo(fma));
            decodePerByte.add(decode.getLast() / meanOfLastTwo(read));
            allocated.add((double) repetition.allocatedBytes() / workload.decoded().length);
            for (long nanos : repetition.decodeNanos()) {
                latencies.recordValue(Math.min(nanos, LONGEST_LATENCY));
            }
            digests.add(FullLogits.sha256(logits));
        }
        Spread readSpread = Spread.of(read);
        Spread fmaSpread = Spread.of(fma);
        return new TimedRun(
                Spread.of(prefill),
                Spread.of(decode),
                Spread.of(prefillPerFlop),
                Spread.of(decodePerByte),
                latency(latencies),
                Spread.of(allocated),
                session.kvCacheBytes(),
                peakRss,
                warmUp,
                new Ceilings(readSpread.median(), readSpread, fmaSpread.median(), fmaSpread),
                logits,
                digests);
    }

    private static double meanOfLastTwo(List<Double> samples) {
        int count = samples.size();
        return (samples.get(count - 2) + samples.get(count - 1)) / 2;
    }

    private static Latency latency(Histogram nanos) {
        return new Latency(
                nanos.getTotalCount(),
                nanos.getValueAtPercentile(50) / 1e6,
                nanos.getValueAtPercentile(90) / 1e6,
                nanos.getValueAtPercentile(99) / 1e6,
                nanos.getMaxValue() / 1e6);
    }

    /// Whether every repetition computed the same, to the bit.
    boolean repeats() {
        return digests.stream().distinct().count() == 1;
    }
}
