package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import dev.assay.report.Count;
import java.util.ArrayList;
import java.util.HashSet;
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
    public Rule.Kind kind() {
        return Rule.Kind.OPTIONAL;
    }

    @Override
    public Set<Capability> needs() {
        return Set.of(Capability.KV_CACHE_BYTES);
    }

    @Override
    public long expectedElements(CaseUnderTest subject) {
        return subject.golden().longestPrompt().tokens().length + 2L;
    }

    @Override
    public Finding run(CaseUnderTest subject) {
        int[] tokens = subject.golden().longestPrompt().tokens();
        int elementBytes = subject.model().footprint().kvCacheElementBytes();
        IntToLongFunction formula = length -> subject.golden().config().kvCacheElements(length) * elementBytes;
        Set<Integer> telling = telling(formula, tokens.length);
        List<Count> counts = new ArrayList<>();
        try (Session session = subject.open(tokens.length)) {
            for (int length = 0; length <= tokens.length; length++) {
                if (length > 0) {
                    session.decode(tokens[length - 1]);
                }
                long expected = formula.applyAsLong(length);
                long held = session.kvCacheBytes();
                if (length > 0 && (held != expected || telling.contains(length))) {
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

    /// Lengths worth a line of the report: the first, the last, and both sides of every place where the cache
    /// grows by a step of a size not seen before, as it does where a window is full or a chunk begins.
    private static Set<Integer> telling(IntToLongFunction bytes, int last) {
        Set<Integer> lengths = new HashSet<>(Set.of(last));
        Set<Long> steps = new HashSet<>();
        for (int length = 1; length <= last; length++) {
            if (steps.add(bytes.applyAsLong(length) - bytes.applyAsLong(length - 1))) {
                lengths.add(length - 1);
                lengths.add(length);
            }
        }
        return lengths;
    }

    private static Finding violated(
            long elements, String how, int positions, long expected, long held, List<Count> counts) {
        return new Finding.Violated(
                elements, positions + " positions " + how + ": expected " + expected + " bytes, holds " + held, counts);
    }
}
