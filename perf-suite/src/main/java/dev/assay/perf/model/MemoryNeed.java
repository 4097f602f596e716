package dev.assay.perf.model;

import dev.assay.plan.PlanWeights;
import dev.assay.plan.WeightRole;
import dev.assay.plan.cost.KvCacheCount;
import dev.assay.plan.cost.ParameterCount;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/// Memory that a measurement takes, known before anything is allocated.
///
/// @param weightBytes the checkpoint, outside the heap
/// @param cacheBytes keys, values or latents of the longest context of every session, as float32
/// @param logitsBytes rows that are kept for the check, on the heap
/// @param referenceBytes weights that the reference decodes to float32 and keeps on the heap, if there is room, while
///     the checkpoint is open
/// @param largestBytes of these, the largest matrix: the least that the reference can do with, beside the small ones
public record MemoryNeed(long weightBytes, long cacheBytes, long logitsBytes, long referenceBytes, long largestBytes) {
    /// What the JVM and the ceilings' segment take besides.
    private static final long OVERHEAD = 3L << 29;
    /// What the heap needs beside logits and the largest matrix.
    private static final long HEAP_OVERHEAD = 1L << 29;

    /// What a measurement of a model takes.
    ///
    /// @param promptTokens in the prompt
    /// @param decodeTokens after it
    /// @param checkedPositions that the reference computes
    /// @param sessions that are open at once
    public static MemoryNeed of(
            BenchModel model, int promptTokens, int decodeTokens, int checkedPositions, int sessions) {
        ParameterCount parameters = ParameterCount.of(model.plan());
        long positions = (long) promptTokens + decodeTokens;
        long row = (long) model.config().vocabSize() * Float.BYTES;
        // The timed rows, the check's, and both again in double while they are compared.
        long rows = 6 * (decodeTokens + 1L) + 4L * checkedPositions;
        // Experts are decoded when a token goes to them: no more than all.
        long routed = Math.min(parameters.of(WeightRole.ROUTED_EXPERT), parameters.activeRouted() * checkedPositions);
        long decoded = parameters.total() - parameters.of(WeightRole.ROUTED_EXPERT) + routed;
        return new MemoryNeed(
                model.weightBytes().total(),
                KvCacheCount.of(model.plan()).perPosition() * positions * sessions * Float.BYTES,
                rows * row,
                decoded * Float.BYTES,
                largestMatrix(model) * Float.BYTES);
    }

    /// Numbers of the largest tensor that is read at once.
    private static long largestMatrix(BenchModel model) {
        long largest = 0;
        for (PlanWeights.Use use : PlanWeights.of(model.plan())) {
            largest = Math.max(largest, use.ref().elements());
        }
        return largest;
    }

    /// The least that the Java heap must hold.
    public long leastHeapBytes() {
        return logitsBytes + Math.min(referenceBytes, largestBytes + HEAP_OVERHEAD);
    }

    /// Bytes in all, on a JVM with this largest heap, which the reference fills if it can.
    public long totalBytes(long maxHeapBytes) {
        return weightBytes + cacheBytes + Math.min(maxHeapBytes, logitsBytes + referenceBytes) + OVERHEAD;
    }

    /// Why a machine cannot hold this, with every figure; nothing if it can.
    ///
    /// @param memoryBytes physical memory
    /// @param maxHeapBytes the largest heap the JVM would use
    public Optional<String> refusal(long memoryBytes, long maxHeapBytes) {
        List<String> reasons = new ArrayList<>();
        long total = totalBytes(maxHeapBytes);
        if (total > memoryBytes) {
            boolean smallerHeapFits = totalBytes(leastHeapBytes()) <= memoryBytes;
            reasons.add("this machine has " + gib(memoryBytes) + " of memory"
                    + (smallerHeapFits
                            ? " (ASSAY_JAVA_OPTS=-Xmx<size>g makes the heap smaller, " + gib(leastHeapBytes())
                                    + " at least)"
                            : ""));
        }
        if (leastHeapBytes() > maxHeapBytes) {
            reasons.add("the Java heap may take " + gib(maxHeapBytes) + " and needs " + gib(leastHeapBytes())
                    + " (ASSAY_JAVA_OPTS=-Xmx<size>g gives it more)");
        }
        return reasons.isEmpty()
                ? Optional.empty()
                : Optional.of("needs " + gib(total) + ": weights " + gib(weightBytes) + ", KV cache "
                        + gib(cacheBytes) + ", logits on the heap " + gib(logitsBytes)
                        + ", the reference's weights on the heap " + gib(referenceBytes) + " if there is room, and "
                        + gib(OVERHEAD) + " besides; " + String.join(" and ", reasons));
    }

    private static String gib(long bytes) {
        return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
    }
}
