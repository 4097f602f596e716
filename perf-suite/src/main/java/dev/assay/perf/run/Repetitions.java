package dev.assay.perf.run;

import dev.assay.engine.Session;
import dev.assay.perf.ceiling.CeilingProbe;
import dev.assay.report.BenchRow.Ceilings;
import dev.assay.report.BenchRow.Recording;
import dev.assay.report.Spread;
import java.util.ArrayList;
import java.util.List;

/// The timed repetitions in the closed loop of one session, a figure for each: with the ceilings of the machine
/// measured right before and after each half.
///
/// @param prefill tokens per second
/// @param decode tokens per second
/// @param prefillPerFlop tokens for every floating-point operation that the machine could do around it
/// @param decodePerByte tokens for every byte that the machine could read around it
/// @param allocated bytes a decoded token
/// @param digests of the logits
record Repetitions(
        List<Double> prefill,
        List<Double> decode,
        List<Double> prefillPerFlop,
        List<Double> decodePerByte,
        List<Double> allocated,
        Ceilings ceilings,
        Recording recording,
        List<String> digests) {
    /// Runs them.
    ///
    /// @param logits receives those of the last repetition, `[1 + decoded][V]`
    /// @param log receives `ttft`, `tpot` and `itl` of each
    /// @throws InterruptedException if this thread was interrupted
    static Repetitions run(
            Session session, Workload workload, int count, CeilingProbe probe, float[][] logits, LatencyLog log)
            throws InterruptedException {
        List<Double> prefill = new ArrayList<>();
        List<Double> decode = new ArrayList<>();
        List<Double> prefillPerFlop = new ArrayList<>();
        List<Double> decodePerByte = new ArrayList<>();
        List<Double> allocated = new ArrayList<>();
        List<Double> read = new ArrayList<>();
        List<Double> fma = new ArrayList<>();
        List<String> digests = new ArrayList<>();
        int decoded = workload.decoded().length;
        long nanos = 0;
        for (int i = 0; i < count; i++) {
            long startMillis = System.currentTimeMillis();
            fma.add(probe.fmaFlopsPerSecond());
            long prefillNanos = Repetition.prefill(session, workload, logits);
            fma.add(probe.fmaFlopsPerSecond());
            read.add(probe.readBytesPerSecond());
            Repetition repetition = Repetition.decode(session, workload, logits, prefillNanos);
            read.add(probe.readBytesPerSecond());
            long endMillis = System.currentTimeMillis();
            nanos += prefillNanos + repetition.totalDecodeNanos();
            prefill.add(repetition.prefillTokensPerSecond(workload));
            decode.add(repetition.decodeTokensPerSecond());
            prefillPerFlop.add(prefill.getLast() / meanOfLastTwo(fma));
            decodePerByte.add(decode.getLast() / meanOfLastTwo(read));
            allocated.add((double) repetition.allocatedBytes() / decoded);
            log.add("ttft", startMillis, endMillis, prefillNanos);
            log.add("tpot", startMillis, endMillis, repetition.totalDecodeNanos() / decoded);
            log.add("itl", startMillis, endMillis, repetition.decodeNanos());
            digests.add(FullLogits.sha256(logits));
        }
        Spread readSpread = Spread.of(read);
        Spread fmaSpread = Spread.of(fma);
        long latencies = (long) count * (1 + decoded);
        double each = RecordingCost.nanoseconds();
        return new Repetitions(
                prefill,
                decode,
                prefillPerFlop,
                decodePerByte,
                allocated,
                new Ceilings(readSpread.median(), readSpread, fmaSpread.median(), fmaSpread),
                new Recording(latencies, each, latencies * each / nanos),
                digests);
    }

    private static double meanOfLastTwo(List<Double> samples) {
        int count = samples.size();
        return (samples.get(count - 2) + samples.get(count - 1)) / 2;
    }
}
