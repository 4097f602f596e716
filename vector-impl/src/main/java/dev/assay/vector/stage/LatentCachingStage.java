package dev.assay.vector.stage;

import dev.assay.vector.cache.LayerCache;

/// What happens to projected queries and compressed keys and values before latent attention: the turning part of each
/// query head and of the shared key is turned, the latent is normalised, and latent and key are cached.
final class LatentCachingStage extends TokenStage {
    private final int layer;
    private final int heads;
    private final int nope;
    private final int rope;
    private final int latentWidth;
    private final RowNorm latentNorm;
    private final RowTransform[] rotation; // of one turning part; none where nothing turns

    LatentCachingStage(
            int layer, int heads, int nope, int rope, int latentWidth, RowNorm latentNorm, RowTransform[] rotation) {
        this.layer = layer;
        this.heads = heads;
        this.nope = nope;
        this.rope = rope;
        this.latentWidth = latentWidth;
        this.latentNorm = latentNorm;
        this.rotation = rotation;
    }

    @Override
    void token(Pass pass, int row, int thread) {
        float[] queries = pass.buffer(Buffer.QUERY);
        float[] compressed = pass.buffer(Buffer.COMPRESSED);
        int latent = row * (latentWidth + rope);
        latentNorm.apply(compressed, latent, compressed, latent);
        for (RowTransform transform : rotation) {
            for (int h = 0; h < heads; h++) {
                transform.apply(pass, row, queries, (row * heads + h) * (nope + rope) + nope, rope);
            }
            transform.apply(pass, row, compressed, latent + latentWidth, rope);
        }
        LayerCache cache = pass.cache.layer(layer);
        cache.store(0, pass.start() + row, compressed, latent + latentWidth, compressed, latent);
        if (row == pass.rows() - 1) {
            cache.hold(pass.start() + row);
        }
    }
}
