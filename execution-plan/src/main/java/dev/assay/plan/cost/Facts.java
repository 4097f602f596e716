package dev.assay.plan.cost;

import dev.assay.config.ModelConfig;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.Experts;
import dev.assay.plan.Layer;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.Router;
import dev.assay.plan.WeightRef;
import dev.assay.plan.planner.Planners;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.function.IntToLongFunction;

/// Exact figures of a model, from its configuration alone.
///
/// @param contexts lengths, in positions, to give the size of the cache at; ascending
/// @param bytesPerElement of a number in the KV cache
public record Facts(
        String architecture,
        ParameterCount parameters,
        Moe moe,
        KvCacheCount kvCache,
        Reach reach,
        List<Integer> contexts,
        int bytesPerElement) {
    public Facts {
        contexts = contexts.stream().distinct().sorted().toList();
        if (bytesPerElement < 1) {
            throw new IllegalArgumentException("bytes per element: found " + bytesPerElement + ", expected at least 1");
        }
    }

    /// Experts of the layers that have them.
    public sealed interface Moe {
        record None() implements Moe {}

        /// As many in each layer that has any.
        ///
        /// @param layers with experts
        /// @param experts to choose from, in each of them
        /// @param topK chosen for a token
        /// @param shared that every token goes to besides
        record PerLayer(int layers, int experts, int topK, int shared) implements Moe {}
    }

    /// Contexts that a model can have at all. What it was trained for is another question.
    public sealed interface Reach {
        /// Positions are turned or not encoded: there is always a next one.
        record Endless() implements Reach {}

        /// Positions are learned, each a row of a table: there is none beyond the last row.
        record UpTo(int positions) implements Reach {}
    }

    /// Figures of a configuration.
    ///
    /// @param contexts lengths, in positions, to give the size of the cache at
    /// @param bytesPerElement of a number in the KV cache: 2 for bf16
    public static Facts of(ModelConfig config, Collection<Integer> contexts, int bytesPerElement) {
        DecoderPlan plan = Planners.plan(config);
        return new Facts(
                config.architecture().id(),
                ParameterCount.of(plan),
                moe(plan),
                KvCacheCount.of(plan),
                switch (plan.embedding().positions()) {
                    case Embedding.Positions.None _ -> new Reach.Endless();
                    case Embedding.Positions.Learned(WeightRef table) -> new Reach.UpTo(table.rows());
                },
                List.copyOf(contexts),
                bytesPerElement);
    }

    private static Moe moe(DecoderPlan plan) {
        Moe moe = new Moe.None();
        int layers = 0;
        for (Layer layer : plan.layers()) {
            if (layer.feedForward()
                    instanceof MixtureOfExperts(Router router, Experts experts, MixtureOfExperts.SharedExpert shared)) {
                layers++;
                int count = switch (shared) {
                    case MixtureOfExperts.SharedExpert.None _ -> 0;
                    case MixtureOfExperts.SharedExpert.Added added -> added.count();
                };
                // No family has layers with different numbers of experts.
                moe = new Moe.PerLayer(layers, experts.count(), router.topK(), count);
            }
        }
        return moe;
    }

    /// Bytes of the cache that one more position adds while every window is still filling.
    public long bytesPerToken() {
        return kvCache.perPosition() * bytesPerElement;
    }

    /// Bytes of the cache at a context: the most that is held on the way there. Empty if the model cannot get
    /// there.
    public OptionalLong bytesAt(int context) {
        return switch (reach) {
            case Reach.UpTo(int positions) when context > positions -> OptionalLong.empty();
            case Reach.UpTo _, Reach.Endless _ -> OptionalLong.of(bytes(kvCache.peak(context)));
        };
    }

    private long bytes(long numbers) {
        return Math.multiplyExact(numbers, (long) bytesPerElement);
    }

    /// Why the model cannot get to some of the contexts; empty if it gets to all.
    public String unreachable() {
        return switch (reach) {
            case Reach.UpTo(int positions)
            when !contexts.isEmpty() && contexts.getLast() > positions ->
                positions + " positions are learned, and there is none beyond";
            case Reach.UpTo _, Reach.Endless _ -> "";
        };
    }

    /// As a tree of JSON: maps in the order of their keys, numbers and text.
    public Map<String, Object> toJson() {
        Map<String, Object> active = new LinkedHashMap<>();
        for (ActiveConvention convention : ActiveConvention.values()) {
            active.put(convention.key(), parameters.active(convention));
        }
        Map<String, Object> counts = new LinkedHashMap<>();
        counts.put("total", parameters.total());
        counts.put("without_embeddings", parameters.withoutEmbeddings());
        counts.put("buffers", parameters.buffers());
        counts.put("active", active);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("architecture", architecture);
        json.put("parameters", counts);
        switch (moe) {
            case Moe.None _ -> {}
            case Moe.PerLayer(int layers, int experts, int topK, int shared) -> {
                Map<String, Object> routed = new LinkedHashMap<>();
                routed.put("layers", layers);
                routed.put("experts", experts);
                routed.put("top_k", topK);
                routed.put("shared", shared);
                json.put("moe", routed);
            }
        }
        json.put("kv_cache", cacheJson());
        return json;
    }

    /// As [#toJson()], with the vendor's claim beside it.
    public Map<String, Object> toJson(VendorClaim claim) {
        Map<String, Object> vendor = new LinkedHashMap<>();
        vendor.put("total", claim.total());
        vendor.put("active", claim.active());
        vendor.put(
                "matching",
                claim.matching(parameters).stream().map(ActiveConvention::key).toList());
        Map<String, Object> json = toJson();
        json.put("vendor", vendor);
        return json;
    }

    private Map<String, Object> cacheJson() {
        Map<String, Object> cache = new LinkedHashMap<>();
        cache.put("bytes_per_element", bytesPerElement);
        cache.put("bytes_per_token", bytesPerToken());
        cache.put("bytes_per_token_beyond_windows", kvCache.perPositionBeyondWindows() * bytesPerElement);
        cache.put("expanded_bytes_per_token", kvCache.expandedPerPosition() * bytesPerElement);
        cache.put("unshared_bytes_per_token", kvCache.unsharedPerPosition() * bytesPerElement);
        cache.put("bytes_at", at(kvCache::peak));
        cache.put("hugging_face_bytes_at", at(kvCache::huggingFace));
        cache.put("unbounded_bytes_at", at(kvCache::unbounded));
        if (!unreachable().isEmpty()) {
            cache.put("unreachable", unreachable());
        }
        return cache;
    }

    /// Bytes by context, as the formula has them, whether the model can get there or not: `unreachable` says so.
    private Map<String, Long> at(IntToLongFunction numbers) {
        Map<String, Long> json = new LinkedHashMap<>();
        for (int context : contexts) {
            json.put("" + context, bytes(numbers.applyAsLong(context)));
        }
        return json;
    }
}
