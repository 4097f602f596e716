package dev.assay.vector.cache;

import dev.assay.engine.KvCacheType;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.GroupedQueryAttention.KeyValueSource;
import dev.assay.plan.LatentAttention;
import java.util.ArrayList;
import java.util.List;

/// The caches of a session: one for each layer that has its own keys and values.
public final class SessionCache {
    private final List<LayerCache> byLayer = new ArrayList<>(); // of layers that share, the owner's
    private final List<LayerCache> own = new ArrayList<>();

    /// @param batch the most positions that are added by one pass
    public SessionCache(DecoderPlan plan, KvCacheType type, int maxContext, int batch) {
        for (int i = 0; i < plan.layers().size(); i++) {
            switch (plan.layers().get(i).mixer()) {
                case GroupedQueryAttention attention -> {
                    switch (attention.keyValue()) {
                        case KeyValueSource.Own _ ->
                            add(new LayerCache(
                                    type,
                                    attention.mask(),
                                    attention.kvHeads(),
                                    attention.headDim(),
                                    attention.headDim(),
                                    LayerCache.capacity(attention.mask(), maxContext, batch)));
                        case KeyValueSource.SharedWith(int owner) -> byLayer.add(byLayer.get(owner));
                    }
                }
                case LatentAttention attention ->
                    add(new LayerCache(
                            type,
                            attention.mask(),
                            1,
                            attention.ropeHeadDim(),
                            attention.latentDim(),
                            LayerCache.capacity(attention.mask(), maxContext, batch)));
            }
        }
    }

    private void add(LayerCache cache) {
        own.add(cache);
        byLayer.add(cache);
    }

    /// Bytes that the caches of a session would reserve.
    public static long reservedBytes(DecoderPlan plan, KvCacheType type, int maxContext, int batch) {
        long bytes = 0;
        for (int i = 0; i < plan.layers().size(); i++) {
            bytes += switch (plan.layers().get(i).mixer()) {
                case GroupedQueryAttention attention ->
                    switch (attention.keyValue()) {
                        case KeyValueSource.Own _ ->
                            LayerCache.reservedBytes(
                                    type,
                                    attention.kvHeads(),
                                    attention.headDim(),
                                    attention.headDim(),
                                    LayerCache.capacity(attention.mask(), maxContext, batch));
                        case KeyValueSource.SharedWith _ -> 0;
                    };
                case LatentAttention attention ->
                    LayerCache.reservedBytes(
                            type,
                            1,
                            attention.ropeHeadDim(),
                            attention.latentDim(),
                            LayerCache.capacity(attention.mask(), maxContext, batch));
            };
        }
        return bytes;
    }

    /// The cache that a layer reads, and writes unless it shares.
    public LayerCache layer(int index) {
        return byLayer.get(index);
    }

    /// Gives up positions that no later query sees, in every layer. Only at the end of a pass: a later layer may
    /// share what an earlier one has stored in it.
    public void forget() {
        for (int i = 0; i < own.size(); i++) {
            own.get(i).forget();
        }
    }

    public void clear() {
        own.forEach(LayerCache::clear);
    }

    /// Bytes of the positions held.
    public long bytes() {
        long bytes = 0;
        for (LayerCache cache : own) {
            bytes += cache.bytes();
        }
        return bytes;
    }
}
