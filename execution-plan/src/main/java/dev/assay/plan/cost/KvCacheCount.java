package dev.assay.plan.cost;

import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import java.util.List;
import java.util.function.ToLongFunction;

/// Numbers in the KV cache of one sequence.
///
/// @param layers one for each layer
public record KvCacheCount(List<LayerCount> layers) {
    /// A layer's share.
    ///
    /// @param mask what bounds it
    /// @param held numbers a position, in the form that the architecture means: latents where there are latents;
    /// none
    ///     where another layer's are used
    /// @param expanded the same with keys and values of every head in place of latents
    /// @param unshared as `held`, had every layer keys and values of its own
    public record LayerCount(Mask mask, long held, long expanded, long unshared) {}

    public KvCacheCount {
        layers = List.copyOf(layers);
    }

    public static KvCacheCount of(DecoderPlan plan) {
        return new KvCacheCount(plan.layers().stream().map(KvCacheCount::of).toList());
    }

    private static LayerCount of(Layer layer) {
        return switch (layer.mixer()) {
            case GroupedQueryAttention attention -> {
                long numbers = 2L * attention.kvHeads() * attention.headDim();
                yield switch (attention.keyValue()) {
                    case GroupedQueryAttention.KeyValueSource.Own _ ->
                        new LayerCount(attention.mask(), numbers, numbers, numbers);
                    case GroupedQueryAttention.KeyValueSource.SharedWith _ ->
                        new LayerCount(attention.mask(), 0, 0, numbers);
                };
            }
            case LatentAttention attention -> {
                long latent = (long) attention.latentDim() + attention.ropeHeadDim();
                long head = (long) attention.nopeHeadDim() + attention.ropeHeadDim() + attention.valueHeadDim();
                yield new LayerCount(attention.mask(), latent, attention.heads() * head, latent);
            }
        };
    }

    /// Numbers that one more position adds while every window is still filling.
    public long perPosition() {
        return sum(LayerCount::held);
    }

    /// Numbers that one more position adds once every window and chunk is full.
    public long perPositionBeyondWindows() {
        return sum(layer -> switch (layer.mask()) {
            case Mask.Causal _ -> layer.held();
            case Mask.SlidingWindow _, Mask.Chunked _ -> 0;
        });
    }

    /// As [#perPosition], with keys and values of every head in place of latents.
    public long expandedPerPosition() {
        return sum(LayerCount::expanded);
    }

    /// As [#perPosition], had every layer keys and values of its own.
    public long unsharedPerPosition() {
        return sum(LayerCount::unshared);
    }

    /// The most that must be held within the first `positions` positions: a window at most, a chunk at most.
    public long peak(int positions) {
        checkPositions(positions);
        return sum(layer -> switch (layer.mask()) {
            case Mask.Causal _ -> layer.held() * positions;
            case Mask.SlidingWindow(int size) -> layer.held() * Math.min(positions, size);
            case Mask.Chunked(int size) -> layer.held() * Math.min(positions, size);
        });
    }

    /// What the last of `positions` queries sees: as [#peak], but chunks begin anew.
    public long live(int positions) {
        checkPositions(positions);
        return positions == 0 ? 0 : sum(layer -> layer.held() * layer.mask().visible(positions - 1L));
    }

    /// What Hugging Face 5.18 holds after `positions` positions: a window or chunk less the position that comes
    /// next, `DynamicSlidingWindowLayer` of `cache_utils.py`.
    public long huggingFace(int positions) {
        checkPositions(positions);
        return sum(layer -> switch (layer.mask()) {
            case Mask.Causal _ -> layer.held() * positions;
            case Mask.SlidingWindow(int size) -> layer.held() * Math.min(positions, size - 1);
            case Mask.Chunked(int size) -> layer.held() * Math.min(positions, size - 1);
        });
    }

    /// What an engine holds that bounds nothing.
    public long unbounded(int positions) {
        checkPositions(positions);
        return Math.multiplyExact(perPosition(), (long) positions);
    }

    private long sum(ToLongFunction<LayerCount> share) {
        long sum = 0;
        for (LayerCount layer : layers) {
            sum = Math.addExact(sum, share.applyAsLong(layer));
        }
        return sum;
    }

    private static void checkPositions(int positions) {
        if (positions < 0) {
            throw new IllegalArgumentException("positions: found " + positions + ", expected at least 0");
        }
    }
}
