package dev.assay.vector.stage;

import dev.assay.vector.cache.LayerCache;

/// What happens to projected queries, keys and values before attention: norms, rotation and caching, in one sweep over
/// the heads of a token.
final class CachingStage extends TokenStage {
    private final int layer;
    private final int queryWidth;
    private final int kvHeads;
    private final int headDim;
    private final RowTransform[] queries;
    private final RowTransform[] keys;
    private final RowTransform[] values;

    /// @param kvHeads heads to cache; 0 where the layer uses another's cache
    CachingStage(
            int layer,
            int queryWidth,
            int kvHeads,
            int headDim,
            RowTransform[] queries,
            RowTransform[] keys,
            RowTransform[] values) {
        this.layer = layer;
        this.queryWidth = queryWidth;
        this.kvHeads = kvHeads;
        this.headDim = headDim;
        this.queries = queries;
        this.keys = keys;
        this.values = values;
    }

    @Override
    void token(Pass pass, int row, int thread) {
        apply(queries, pass, row, pass.buffer(Buffer.QUERY), queryWidth);
        int width = kvHeads * headDim;
        float[] key = pass.buffer(Buffer.KEY);
        float[] value = pass.buffer(Buffer.VALUE);
        apply(keys, pass, row, key, width);
        apply(values, pass, row, value, width);
        LayerCache cache = pass.cache.layer(layer);
        for (int h = 0; h < kvHeads; h++) {
            int head = row * width + h * headDim;
            cache.store(h, pass.start() + row, key, head, value, head);
        }
        if (kvHeads > 0 && row == pass.rows() - 1) {
            cache.hold(pass.start() + row);
        }
    }

    private static void apply(RowTransform[] transforms, Pass pass, int row, float[] x, int width) {
        for (RowTransform transform : transforms) {
            transform.apply(pass, row, x, row * width, width);
        }
    }
}
