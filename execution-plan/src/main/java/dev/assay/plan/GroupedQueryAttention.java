package dev.assay.plan;

/// Softmax attention in which `queryHeads / kvHeads` neighbouring query heads share a KV head; arXiv:2305.13245.
///
/// @param headDim width of a head; need not be the hidden size shared out among the query heads
/// @param query `[queryHeads · headDim][hidden size]`
/// @param keyValue where keys and values come from
/// @param temperature what queries are multiplied by, after QK-norm and rotary
/// @param output `[hidden size][queryHeads · headDim]`
public record GroupedQueryAttention(
        int queryHeads,
        int kvHeads,
        int headDim,
        Linear query,
        KeyValueSource keyValue,
        QkNorm qkNorm,
        Rotary rotary,
        Temperature temperature,
        Mask mask,
        double scale,
        Linear output)
        implements Mixer {
    public GroupedQueryAttention {
        Checks.positive("query heads", queryHeads);
        Checks.positive("KV heads", kvHeads);
        Checks.require(
                queryHeads % kvHeads == 0, "KV heads", kvHeads, "a divisor of the " + queryHeads + " query heads");
        Checks.positive("head dim", headDim);
        Checks.positive("attention scale", scale);
        long queries = (long) queryHeads * headDim;
        long keys = (long) kvHeads * headDim;
        Checks.shape(query, queries, query.inputs());
        Checks.shape(output, query.inputs(), queries);
        switch (keyValue) {
            case KeyValueSource.Own(Linear key, Linear value, ValueNorm valueNorm) -> {
                Checks.shape(key, keys, query.inputs());
                Checks.shape(value, keys, query.inputs());
                switch (valueNorm) {
                    case ValueNorm.None _ -> {}
                    case ValueNorm.PerHead(Norm norm) -> Checks.size("norm of values", norm, headDim);
                }
            }
            case KeyValueSource.SharedWith _ -> {}
        }
        switch (qkNorm) {
            case QkNorm.None _ -> {}
            case QkNorm.PerHead(Norm ofQueries, Norm ofKeys) -> {
                Checks.size("norm of queries", ofQueries, headDim);
                Checks.size("norm of keys", ofKeys, headDim);
            }
            case QkNorm.PerHeadQueriesOnly(Norm ofQueries) -> Checks.size("norm of queries", ofQueries, headDim);
            case QkNorm.WholeProjection(Norm ofQueries, Norm ofKeys) -> {
                Checks.size("norm of queries", ofQueries, Math.toIntExact(queries));
                Checks.size("norm of keys", ofKeys, Math.toIntExact(keys));
            }
            case QkNorm.UnweightedAfterRotary(Norm.RmsUnweighted norm) -> Checks.size("norm of heads", norm, headDim);
        }
        Checks.require(
                qkNorm instanceof QkNorm.PerHeadQueriesOnly
                        || qkNorm instanceof QkNorm.None
                        || keyValue instanceof KeyValueSource.Own,
                "QK-norm",
                qkNorm,
                "none of keys, which another layer has already normalised");
        rotary.requireDim(headDim);
    }

    /// Where keys and values come from.
    public sealed interface KeyValueSource {
        /// From this layer's input.
        ///
        /// @param key `[kvHeads · headDim][hidden size]`
        /// @param value as `key`
        record Own(Linear key, Linear value, ValueNorm valueNorm) implements KeyValueSource {}

        /// Those of an earlier layer, keys rotated and values normalised as there: Gemma 3n. Such a layer holds
        /// no cache and has no matrices for them.
        record SharedWith(int layer) implements KeyValueSource {
            public SharedWith {
                Checks.require(layer >= 0, "shared layer", layer, "a layer");
            }
        }
    }

    /// How values are normalised.
    public sealed interface ValueNorm {
        record None() implements ValueNorm {}

        /// Each head by itself.
        record PerHead(Norm norm) implements ValueNorm {}
    }
}
