package dev.assay.vector.stage;

import dev.assay.plan.LatentAttention;
import dev.assay.plan.Mask;
import dev.assay.vector.cache.LayerCache;
import dev.assay.vector.kernel.AttentionRows;
import dev.assay.vector.kernel.Lanes;
import dev.assay.vector.kernel.Panels;
import dev.assay.vector.kernel.Rows;
import dev.assay.vector.thread.Split;
import dev.assay.vector.thread.Workers;
import dev.assay.vector.weight.Product;
import dev.assay.vector.weight.Scratch;
import dev.assay.vector.weight.WeightMatrix;

/// Multi-head latent attention over cached latents and rotated keys.
///
/// One token uses the absorbed form: with a head's rows K and V of the expansion, q·(K·c) = (Kᵀ·q)·c and Σ p·(V·c) =
/// V·(Σ p·c), so that latents are never expanded. Several tokens make the expansion worth its cost: a thread expands
/// the latents for a head, then attends with all panels of queries.
final class LatentStage implements Stage {
    /// Heads that a thread works on at a time.
    private static final int AT_ONCE = 2;

    private final int layer;
    private final int heads;
    private final int nope;
    private final int rope;
    private final int valueWidth;
    private final int latentWidth;
    private final Mask mask;
    private final double scale;
    private final WeightMatrix expansion; // [heads · (nope + valueWidth)][latentWidth]
    private final Workers.Task<Pass> attendOne = this::attendOne;
    private final Workers.Task<Pass> packLatents = this::packLatents;
    private final Workers.Task<Pass> attendMany = this::attendMany;

    LatentStage(int layer, LatentAttention attention, WeightMatrix expansion) {
        this.layer = layer;
        this.heads = attention.heads();
        this.nope = attention.nopeHeadDim();
        this.rope = attention.ropeHeadDim();
        this.valueWidth = attention.valueHeadDim();
        this.latentWidth = attention.latentDim();
        this.mask = attention.mask();
        this.scale = attention.scale();
        this.expansion = expansion;
    }

    @Override
    public void run(Pass pass) {
        if (pass.tokens() == 1) {
            pass.workers.run(attendOne, pass);
        } else {
            pass.workers.run(packLatents, pass);
            pass.workers.run(attendMany, pass);
        }
    }

    private void attendOne(Pass pass, int thread, int threads) {
        int end = Split.start(heads, thread + 1, threads);
        for (int head = Split.start(heads, thread, threads); head < end; head += AT_ONCE) {
            attendOne(pass, pass.attention[thread], pass.scratch[thread], head, Math.min(AT_ONCE, end - head));
        }
    }

    /// One token, `count` heads from `first` on.
    private void attendOne(Pass pass, AttentionScratch scratch, Scratch products, int first, int count) {
        float[] queries = pass.buffer(Buffer.QUERY);
        int keyWidth = nope + rope;
        int expanded = nope + valueWidth;
        for (int h = 0; h < count; h++) {
            expansion.multiplyTransposed(
                    (first + h) * expanded,
                    nope,
                    0,
                    latentWidth,
                    queries,
                    (first + h) * keyWidth,
                    scratch.query,
                    h * latentWidth,
                    products);
        }
        attendToLatents(pass, scratch, queries, first * keyWidth + nope, keyWidth, count);
        for (int h = 0; h < count; h++) {
            RowAttention.end(scratch, h, latentWidth, scratch.latent, 0);
            scratch.operand.set(scratch.latent);
            scratch.operand.prepare(expansion.operandPhases(), latentWidth);
            int from = (first + h) * expanded + nope;
            expansion.multiply(
                    from,
                    from + valueWidth,
                    scratch.operand,
                    pass.buffer(Buffer.CONTEXT),
                    (first + h) * valueWidth - from,
                    products);
        }
    }

    /// @param rotated the rotated part of the first head's query; the next one's is `keyWidth` further
    private void attendToLatents(
            Pass pass, AttentionScratch scratch, float[] queries, int rotated, int keyWidth, int count) {
        LayerCache cache = pass.cache.layer(layer);
        RowAttention.begin(scratch, count, latentWidth);
        int end = pass.start() + 1;
        int position = (int) (end - mask.visible(pass.start()));
        int rotatedScores = AT_ONCE * AttentionScratch.BLOCK;
        while (position < end) {
            int keys = Math.min(AttentionScratch.BLOCK, Math.min(cache.contiguous(position), end - position));
            float[] latents = cache.values(0, position, keys, scratch.values);
            int latentsOffset = cache.valuesOffset(0, position);
            AttentionRows.scores(
                    scratch.query,
                    0,
                    latentWidth,
                    count,
                    latentWidth,
                    latents,
                    latentsOffset,
                    keys,
                    (float) scale,
                    scratch.scores,
                    0,
                    AttentionScratch.BLOCK);
            AttentionRows.scores(
                    queries,
                    rotated,
                    keyWidth,
                    count,
                    rope,
                    cache.keys(0, position, keys, scratch.keys),
                    cache.keysOffset(0, position),
                    keys,
                    (float) scale,
                    scratch.scores,
                    rotatedScores,
                    AttentionScratch.BLOCK);
            for (int h = 0; h < count; h++) {
                int at = h * AttentionScratch.BLOCK;
                Rows.add(scratch.scores, rotatedScores + at, scratch.scores, at, keys);
            }
            RowAttention.block(scratch, count, keys, latents, latentsOffset, latentWidth);
            position += keys;
        }
    }

    /// Latents of all positions in panels, as if positions were tokens.
    private void packLatents(Pass pass, int thread, int threads) {
        LayerCache cache = pass.cache.layer(layer);
        int positions = pass.start() + pass.tokens();
        int panels = Panels.count(positions);
        int end = Split.start(panels, thread + 1, threads);
        for (int p = Split.start(panels, thread, threads); p < end; p++) {
            int first = Panels.start(p, positions);
            int count = Panels.tokens(p, positions);
            // A causal cache never wraps, so its rows lie one after another.
            float[] latents = cache.values(0, first, count, pass.attention[thread].values);
            Panels.pack(
                    latents,
                    cache.valuesOffset(0, first),
                    latentWidth,
                    pass.inOrder,
                    0,
                    count,
                    0,
                    latentWidth,
                    pass.latentPanels,
                    first * latentWidth,
                    Panels.vectors(p, positions) * Lanes.LENGTH);
        }
    }

    private void attendMany(Pass pass, int thread, int threads) {
        int end = Split.start(heads, thread + 1, threads);
        for (int head = Split.start(heads, thread, threads); head < end; head++) {
            attendMany(pass, pass.attention[thread], pass.scratch[thread], head);
        }
    }

    private void attendMany(Pass pass, AttentionScratch scratch, Scratch products, int head) {
        LayerCache cache = pass.cache.layer(layer);
        int positions = pass.start() + pass.tokens();
        int keyWidth = nope + rope;
        int row = head * (nope + valueWidth);
        float[] keys = scratch.expandedKeys; // [positions][nope + rope]
        float[] values = scratch.expandedValues; // [positions][valueWidth]
        Product.multiply(expansion, row, row + nope, pass.latentPanels, positions, keys, -row, keyWidth, products);
        Product.multiply(
                expansion,
                row + nope,
                row + nope + valueWidth,
                pass.latentPanels,
                positions,
                values,
                -(row + nope),
                valueWidth,
                products);
        for (int s = 0; s < positions; s++) {
            float[] rotated = cache.keys(0, s, 1, scratch.keys);
            System.arraycopy(rotated, cache.keysOffset(0, s), keys, s * keyWidth + nope, rope);
        }

        int stride = heads * keyWidth;
        for (int panel = 0; panel < Panels.count(pass.tokens()); panel++) {
            int vectors = Panels.vectors(panel, pass.tokens());
            PanelAttention.begin(
                    pass,
                    scratch,
                    panel,
                    mask,
                    scale,
                    pass.buffer(Buffer.QUERY),
                    head * keyWidth,
                    stride,
                    keyWidth,
                    valueWidth);
            int last = PanelAttention.highest(pass, panel) + 1;
            for (int s = PanelAttention.lowest(scratch); s < last; s += AttentionScratch.BLOCK) {
                PanelAttention.block(
                        scratch,
                        vectors,
                        s,
                        Math.min(AttentionScratch.BLOCK, last - s),
                        keys,
                        s * keyWidth,
                        keyWidth,
                        values,
                        s * valueWidth,
                        valueWidth);
            }
            PanelAttention.end(
                    pass,
                    scratch,
                    panel,
                    valueWidth,
                    pass.buffer(Buffer.CONTEXT),
                    head * valueWidth,
                    heads * valueWidth);
        }
    }
}
