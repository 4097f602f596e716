package dev.assay.conformance.suite;

import dev.assay.engine.Capability;
import dev.assay.engine.Session;
import java.util.Set;

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
        int[] tokens = subject.longestPrompt().tokens();
        int elementBytes = subject.model().footprint().kvCacheElementBytes();
        try (Session session = subject.open(tokens.length)) {
            for (int length = 0; length <= tokens.length; length++) {
                if (length > 0) {
                    session.decode(tokens[length - 1]);
                }
                long expected = subject.golden().config().kvCacheElements(length) * elementBytes;
                if (session.kvCacheBytes() != expected) {
                    return violated(length, "decoded", length, expected, session.kvCacheBytes());
                }
            }
            session.reset();
            session.prefill(tokens);
            long expected = subject.golden().config().kvCacheElements(tokens.length) * elementBytes;
            if (session.kvCacheBytes() != expected) {
                return violated(tokens.length + 1L, "prefilled", tokens.length, expected, session.kvCacheBytes());
            }
        }
        return new Finding.Equal(tokens.length + 2L);
    }

    private static Finding violated(long elements, String how, int positions, long expected, long held) {
        return new Finding.Violated(
                elements, positions + " positions " + how + ": expected " + expected + " bytes, holds " + held);
    }
}
