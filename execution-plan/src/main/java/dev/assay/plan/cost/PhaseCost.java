package dev.assay.plan.cost;

import dev.assay.engine.LogitsScope;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.LayerExtra;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PlanWeights;
import dev.assay.plan.WeightRole;
import java.util.Map;
import java.util.function.ToLongFunction;

/// What a phase must do and move at least, for one sequence and with weights and cache read once.
///
/// @param flops floating-point operations of matrices and attention, a multiplication and an addition counted as
///     two; norms, activations, rotary, softmax and sums of residuals are left out
/// @param weightBytes weights read
/// @param cacheBytesRead keys, values or latents read, those of the phase's own tokens included
/// @param cacheBytesWritten those of the phase's tokens
public record PhaseCost(long flops, long weightBytes, long cacheBytesRead, long cacheBytesWritten) {
    /// One token at `position`, counted from 0, with its logits. Latent attention works on latents as they are
    /// cached: its up projection is applied to the query and to the result.
    ///
    /// @param bytesPerCached of a number in the cache
    public static PhaseCost decode(DecoderPlan plan, int position, WeightBytes weights, int bytesPerCached) {
        if (position < 0) {
            throw new IllegalArgumentException("position: found " + position + ", expected at least 0");
        }
        ParameterCount parameters = ParameterCount.of(plan);
        KvCacheCount cache = KvCacheCount.of(plan);
        long attention = attentionFlops(plan, Form.LATENT, mask -> mask.visible(position));
        return new PhaseCost(
                linearFlops(plan, parameters) + headFlops(plan) + attention,
                weightBytes(plan, parameters, weights, 1),
                // A layer that shares a cache reads it as well.
                visible(cache, mask -> mask.visible(position)) * bytesPerCached,
                cache.perPosition() * bytesPerCached);
    }

    /// The first `tokens` tokens at once. Latent attention works on keys and values of every head. Every routed
    /// expert is taken to be needed that could be: as many as there are, but no more than tokens choose.
    ///
    /// @param bytesPerCached of a number in the cache
    public static PhaseCost prefill(
            DecoderPlan plan, int tokens, LogitsScope logits, WeightBytes weights, int bytesPerCached) {
        if (tokens < 1) {
            throw new IllegalArgumentException("tokens: found " + tokens + ", expected at least 1");
        }
        ParameterCount parameters = ParameterCount.of(plan);
        KvCacheCount cache = KvCacheCount.of(plan);
        long heads = switch (logits) {
            case ALL_POSITIONS -> tokens;
            case LAST_POSITION -> 1;
        };
        long flops = Math.addExact(
                Math.multiplyExact(linearFlops(plan, parameters), (long) tokens)
                        + Math.multiplyExact(headFlops(plan), heads),
                attentionFlops(plan, Form.EXPANDED, mask -> mask.visibleInTotal(tokens)));
        return new PhaseCost(
                flops,
                weightBytes(plan, parameters, weights, tokens),
                visible(cache, mask -> Math.min(tokens, mask.visibleInTotal(tokens))) * bytesPerCached,
                cache.perPosition() * tokens * bytesPerCached);
    }

    /// How latent attention is computed; the two are equal in exact arithmetic.
    private enum Form {
        LATENT,
        EXPANDED
    }

    /// Operations a token of all matrices but the head.
    private static long linearFlops(DecoderPlan plan, ParameterCount parameters) {
        Map<WeightRole, Long> elements = PlanWeights.matrixElementsByRole(plan);
        long sum = parameters.activeRouted();
        for (Map.Entry<WeightRole, Long> entry : elements.entrySet()) {
            sum += switch (entry.getKey()) {
                case ATTENTION, DENSE_MLP, ROUTER, SHARED_EXPERT, STREAM -> entry.getValue();
                case EMBEDDING, POSITION_EMBEDDING, PER_LAYER_EMBEDDING, NORM, CORRECTION_BIAS, ROUTED_EXPERT, HEAD ->
                    0;
            };
        }
        for (Layer layer : plan.layers()) {
            for (LayerExtra extra : layer.extras()) {
                sum += switch (extra) {
                    // AltUp asks its router before the layer and after it.
                    case LayerExtra.AltUpStep step -> step.router().elements();
                    case LayerExtra.Laurel _, LayerExtra.PerLayerInput _ -> 0;
                };
            }
        }
        return 2 * sum;
    }

    private static long headFlops(DecoderPlan plan) {
        return switch (plan.head()) {
            case OutputHead.Tied _, OutputHead.Untied _ -> 2L * plan.vocabSize() * plan.hiddenSize();
        };
    }

    /// Scores and weighted sums.
    private static long attentionFlops(DecoderPlan plan, Form form, ToLongFunction<Mask> visible) {
        long sum = 0;
        for (Layer layer : plan.layers()) {
            // multiply-adds for each position seen
            long each = switch (layer.mixer()) {
                case GroupedQueryAttention attention -> 2L * attention.queryHeads() * attention.headDim();
                case LatentAttention attention ->
                    attention.heads()
                            * switch (form) {
                                case LATENT -> 2L * attention.latentDim() + attention.ropeHeadDim();
                                case EXPANDED ->
                                    (long) attention.nopeHeadDim() + attention.ropeHeadDim() + attention.valueHeadDim();
                            };
            };
            sum = Math.addExact(
                    sum,
                    Math.multiplyExact(
                            2 * each, visible.applyAsLong(layer.mixer().mask())));
        }
        return sum;
    }

    private static long visible(KvCacheCount cache, ToLongFunction<Mask> visible) {
        return cache.layers().stream()
                .mapToLong(layer -> layer.unshared() * visible.applyAsLong(layer.mask()))
                .sum();
    }

    /// Bytes that `tokens` tokens read at once: everything, but of routed experts as many as they can go to, and of
    /// tables that are not the head a row for each.
    private static long weightBytes(DecoderPlan plan, ParameterCount parameters, WeightBytes weights, int tokens) {
        long sum = 0;
        for (WeightRole role : WeightRole.values()) {
            long bytes = weights.of(role);
            if (bytes == 0) {
                continue;
            }
            long read = switch (role) {
                case ATTENTION, NORM, DENSE_MLP, ROUTER, CORRECTION_BIAS, SHARED_EXPERT, STREAM, HEAD -> bytes;
                // Of one size in all layers that have them.
                case ROUTED_EXPERT -> bytes / expertsIn(plan, Integer.MAX_VALUE) * expertsIn(plan, tokens);
                case EMBEDDING ->
                    switch (parameters.head()) {
                        case TIED -> bytes;
                        case UNTIED -> bytes / plan.embedding().table().rows() * tokens;
                    };
                case POSITION_EMBEDDING, PER_LAYER_EMBEDDING -> bytes / rows(plan, role) * tokens;
            };
            sum = Math.addExact(sum, read);
        }
        return sum;
    }

    /// Routed experts that `tokens` tokens can go to, over all layers.
    private static long expertsIn(DecoderPlan plan, int tokens) {
        long sum = 0;
        for (Layer layer : plan.layers()) {
            if (layer.feedForward() instanceof MixtureOfExperts moe) {
                sum += Math.min(
                        moe.experts().count(), (long) tokens * moe.router().topK());
            }
        }
        return sum;
    }

    /// Rows of the table of that role.
    private static long rows(DecoderPlan plan, WeightRole role) {
        return PlanWeights.of(plan).stream()
                .filter(use -> use.role() == role)
                .map(use -> use.ref().storedShape().getFirst())
                .findFirst()
                .orElseThrow();
    }
}
