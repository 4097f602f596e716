package dev.assay.vector.stage;

import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Mask;
import dev.assay.vector.cache.LayerCache;
import dev.assay.vector.kernel.AttentionRows;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.thread.Split;
import dev.assay.vector.thread.Workers;

/// Softmax attention of grouped query heads over the cache.
///
/// One token: a thread has whole KV heads, or, with more threads than these, single query heads; a block of the cache
/// serves all query heads of its group while it is near. Several tokens: a thread has pairs of a head and a panel.
public final class GroupedQueryStage implements Stage {
    private final int layer;
    private final int queryHeads;
    private final int kvHeads;
    private final int headDim;
    private final Mask mask;
    private final double scale;
    private final Workers.Task<Pass> attendOne = this::attendOne;
    private final Workers.Task<Pass> attendMany = this::attendMany;

    /// @param layer index of the layer, whose cache may be another's
    public GroupedQueryStage(int layer, GroupedQueryAttention attention) {
        this.layer = layer;
        this.queryHeads = attention.queryHeads();
        this.kvHeads = attention.kvHeads();
        this.headDim = attention.headDim();
        this.mask = attention.mask();
        this.scale = attention.scale();
    }

    @Override
    public void run(Pass pass) {
        pass.workers.run(pass.tokens() == 1 ? attendOne : attendMany, pass);
    }

    private void attendOne(Pass pass, int thread, int threads) {
        int group = queryHeads / kvHeads;
        int unit = threads <= kvHeads ? group : 1;
        int end = Split.start(queryHeads, unit, thread + 1, threads);
        for (int head = Split.start(queryHeads, unit, thread, threads); head < end; head += unit) {
            attendOne(pass, pass.attention[thread], head, unit);
        }
    }

    /// One token, `heads` query heads of one KV head.
    private void attendOne(Pass pass, AttentionScratch scratch, int firstHead, int heads) {
        LayerCache cache = pass.cache.layer(layer);
        int kvHead = firstHead / (queryHeads / kvHeads);
        int end = pass.start() + 1;
        float[] queries = pass.buffer(Buffer.QUERY);
        RowAttention.begin(scratch, heads, headDim);
        int position = (int) (end - mask.visible(pass.start()));
        while (position < end) {
            int count = Math.min(AttentionScratch.BLOCK, Math.min(cache.contiguous(position), end - position));
            float[] keys = cache.keys(kvHead, position, count, scratch.keys);
            float[] values = cache.values(kvHead, position, count, scratch.values);
            AttentionRows.scores(
                    queries,
                    firstHead * headDim,
                    headDim,
                    heads,
                    headDim,
                    keys,
                    cache.keysOffset(kvHead, position),
                    count,
                    (float) scale,
                    scratch.scores,
                    0,
                    AttentionScratch.BLOCK);
            RowAttention.block(scratch, heads, count, values, cache.valuesOffset(kvHead, position), headDim);
            position += count;
        }
        for (int h = 0; h < heads; h++) {
            RowAttention.end(scratch, h, headDim, pass.buffer(Buffer.CONTEXT), (firstHead + h) * headDim);
        }
    }

    private void attendMany(Pass pass, int thread, int threads) {
        int panels = Panels.count(pass.tokens());
        for (int head = 0; head < queryHeads; head++) {
            for (int panel = 0; panel < panels; panel++) {
                // Later panels see more keys, so every thread gets early and late ones.
                if ((head + panel) % threads == thread) {
                    attendMany(pass, pass.attention[thread], head, panel);
                }
            }
        }
    }

    private void attendMany(Pass pass, AttentionScratch scratch, int head, int panel) {
        LayerCache cache = pass.cache.layer(layer);
        int kvHead = head / (queryHeads / kvHeads);
        int stride = queryHeads * headDim;
        int vectors = Panels.vectors(panel, pass.tokens());
        PanelAttention.begin(
                pass, scratch, panel, mask, scale, pass.buffer(Buffer.QUERY), head * headDim, stride, headDim, headDim);
        int end = PanelAttention.highest(pass, panel) + 1;
        int position = PanelAttention.lowest(scratch);
        while (position < end) {
            int count = Math.min(AttentionScratch.BLOCK, Math.min(cache.contiguous(position), end - position));
            PanelAttention.block(
                    scratch,
                    vectors,
                    position,
                    count,
                    cache.keys(kvHead, position, count, scratch.keys),
                    cache.keysOffset(kvHead, position),
                    headDim,
                    cache.values(kvHead, position, count, scratch.values),
                    cache.valuesOffset(kvHead, position),
                    headDim);
            position += count;
        }
        PanelAttention.end(pass, scratch, panel, headDim, pass.buffer(Buffer.CONTEXT), head * headDim, stride);
    }
}
