package dev.assay.cuda.stage;

import dev.assay.engine.KvCacheType;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.GroupedQueryAttention.KeyValueSource;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Mask;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongUnaryOperator;

/// Where the rows lie that one layer keeps of the positions that it can still see, and which positions these are.
///
/// Position p is in slot p mod capacity. Latents and turned keys are one row, of which attention takes the whole as key
/// and the beginning as value: then both addresses are the same.
final class LayerCache {
    private final Shape shape;
    private final long keys;
    private final long values;
    private int first; // the earliest position that can still be seen
    private int end; // behind the last position stored

    private LayerCache(Shape shape, long keys, long values) {
        this.shape = shape;
        this.keys = keys;
        this.values = values;
    }

    /// @param capacity positions held at a time
    /// @param rowBytes of keys; of values as many, unless they are part of them
    private record Shape(Mask mask, int capacity, long rowBytes, boolean valuesOfTheirOwn) {
        long bytes() {
            return capacity * rowBytes;
        }
    }

    /// The caches of all layers; null places for those that share another's.
    ///
    /// @param batch the most positions that one pass adds
    /// @param take gives memory of so many bytes
    static List<Optional<LayerCache>> of(
            DecoderPlan plan, KvCacheType type, int maxContext, int batch, LongUnaryOperator take) {
        List<Optional<LayerCache>> caches = new ArrayList<>();
        for (int i = 0; i < plan.layers().size(); i++) {
            caches.add(shape(plan, i, type, maxContext, batch).map(shape -> {
                long keys = take.applyAsLong(shape.bytes());
                return new LayerCache(shape, keys, shape.valuesOfTheirOwn() ? take.applyAsLong(shape.bytes()) : keys);
            }));
        }
        return caches;
    }

    private static Optional<Shape> shape(DecoderPlan plan, int layer, KvCacheType type, int maxContext, int batch) {
        return switch (plan.layers().get(layer).mixer()) {
            case GroupedQueryAttention attention ->
                switch (attention.keyValue()) {
                    case KeyValueSource.Own _ ->
                        Optional.of(new Shape(
                                attention.mask(),
                                capacity(attention.mask(), maxContext, batch),
                                (long) attention.kvHeads() * attention.headDim() * type.bytes(),
                                true));
                    case KeyValueSource.SharedWith _ -> Optional.empty();
                };
            case LatentAttention attention ->
                Optional.of(new Shape(
                        attention.mask(),
                        capacity(attention.mask(), maxContext, batch),
                        (long) (attention.latentDim() + attention.ropeHeadDim()) * type.bytes(),
                        false));
        };
    }

    /// Positions before a pass may be given up when it ends, not earlier: its first token sees them.
    private static int capacity(Mask mask, int maxContext, int batch) {
        return switch (mask) {
            case Mask.Causal _ -> maxContext;
            case Mask.SlidingWindow(int size) -> (int) Math.min(maxContext, (long) size + batch);
            case Mask.Chunked(int size) -> (int) Math.min(maxContext, (long) size + batch);
        };
    }

    long keys() {
        return keys;
    }

    long values() {
        return values;
    }

    int capacity() {
        return shape.capacity();
    }

    /// Counts the positions before `position` as held, but those that no later query sees.
    void hold(int position) {
        end = position;
        first = end == 0 ? 0 : (int) (end - shape.mask().visible(end - 1L));
    }

    /// Bytes of the positions held.
    long bytes() {
        return (end - first) * shape.rowBytes() * (shape.valuesOfTheirOwn() ? 2 : 1);
    }
}
