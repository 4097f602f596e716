package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.report.Count;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntToLongFunction;

/// The bytes a session really holds are those the architecture means it to hold, at every length.
final class KvCacheBytes implements Check {
    @Override
    public String id() {
        return "kv-cache-bytes";
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.KV_CACHE_BYTES);
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        int[] tokens = subject.golden().longestPrompt().tokens();
        int elementBytes = subject.model().footprint().kvCacheElementBytes();
        IntToLongFunction formula = length -> subject.golden().config().kvCacheElements(length) * elementBytes;
        List<Count> counts = new ArrayList<>();
        try (Session session = subject.open(tokens.length)) {
            for (int length = 0; length <= tokens.length; length++) {
                if (length > 0) {
                    session.decode(tokens[length - 1]);
                }
                long expected = formula.applyAsLong(length);
                long held = session.kvCacheBytes();
                if (length > 0 && (held != expected || tellsMore(formula, length, tokens.length))) {
                    counts.add(new Count(Count.Quantity.KV_CACHE_BYTES, length, expected, held));
                }
                if (held != expected) {
                    return violated(length, "decoded", length, expected, held, counts);
                }
            }
            session.reset();
            session.prefill(tokens);
            long expected = formula.applyAsLong(tokens.length);
            long held = session.kvCacheBytes();
            if (held != expected) {
                counts.set(counts.size() - 1, new Count(Count.Quantity.KV_CACHE_BYTES, tokens.length, expected, held));
                return violated(tokens.length + 1L, "prefilled", tokens.length, expected, held, counts);
            }
        }
        return new Finding.Equal(tokens.length + 2L, counts, List.of());
    }

    /// Whether a length is worth a line of the report: the first, the last, and both sides of every place where a
    /// window or a chunk is full, which is where the cache goes on to grow by another step.
    private static boolean tellsMore(IntToLongFunction bytes, int length, int last) {
        return length == 1 || length == last || bends(bytes, length) || bends(bytes, length - 1);
    }

    /// Whether the step to the next length is another than the step to this one.
    private static boolean bends(IntToLongFunction bytes, int length) {
        long before = bytes.applyAsLong(length) - bytes.applyAsLong(length - 1);
        long after = bytes.applyAsLong(length + 1) - bytes.applyAsLong(length);
        return before != after;
    }

    private static Finding violated(
            long elements, String how, int positions, long expected, long held, List<Count> counts) {
        return new Finding.Violated(
                elements, positions + " positions " + how + ": expected " + expected + " bytes, holds " + held, counts);
    }
}
