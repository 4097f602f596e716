package dev.assay.plan;

import java.util.List;

/// What the parts of a plan demand of one another.
final class PlanRules {
    private PlanRules() {}

    static void check(List<Layer> layers, int hiddenSize, ResidualStream stream, PerLayerEmbedding perLayer) {
        for (int i = 0; i < layers.size(); i++) {
            Layer layer = layers.get(i);
            String name = "layer " + i;
            placement(name + " attention norm", layer.attentionNorms(), hiddenSize);
            placement(name + " feed-forward norm", layer.feedForwardNorms(), hiddenSize);
            require(layer.mixer().output().outputs() == hiddenSize, name, "attention whose result is the hidden size");
            require(width(layer.feedForward()) == hiddenSize, name, "a feed-forward whose result is the hidden size");
            sharing(layers, i);
            boolean altUp = false;
            boolean perLayerInput = false;
            for (LayerExtra extra : layer.extras()) {
                switch (extra) {
                    case LayerExtra.Laurel laurel ->
                        require(laurel.right().rows() == hiddenSize, name, "a Laurel of the hidden size");
                    case LayerExtra.AltUpStep step -> {
                        altUp = true;
                        require(
                                stream instanceof ResidualStream.AltUp s
                                        && step.router().rows() == s.streams()
                                        && step.router().columns() == hiddenSize
                                        && step.correctedScale().weight().length() == hiddenSize,
                                name,
                                "an AltUp step as wide as the residual stream");
                    }
                    case LayerExtra.PerLayerInput input -> {
                        perLayerInput = true;
                        require(
                                perLayer instanceof PerLayerEmbedding.TableAndProjection t
                                        && input.gate().rows() == t.width()
                                        && input.gate().columns() == hiddenSize,
                                name,
                                "a per-layer input as wide as the per-layer embedding");
                    }
                }
            }
            require(altUp == stream instanceof ResidualStream.AltUp, name, "an AltUp step where streams are several");
            require(
                    perLayerInput == perLayer instanceof PerLayerEmbedding.TableAndProjection,
                    name,
                    "a per-layer input where there are per-layer embeddings");
        }
        switch (stream) {
            case ResidualStream.Single _ -> {}
            case ResidualStream.AltUp altUp -> {
                altUp.projections().forEach(weight -> Checks.shape(weight, hiddenSize, hiddenSize));
                altUp.unembeddings().forEach(weight -> Checks.shape(weight, hiddenSize, hiddenSize));
            }
        }
        switch (perLayer) {
            case PerLayerEmbedding.None _ -> {}
            case PerLayerEmbedding.TableAndProjection table ->
                Checks.shape(table.projection(), (long) layers.size() * table.width(), hiddenSize);
        }
    }

    private static void placement(String what, NormPlacement placement, int hiddenSize) {
        switch (placement) {
            case NormPlacement.Before(Norm norm) -> Checks.size(what, norm, hiddenSize);
            case NormPlacement.After(Norm norm) -> Checks.size(what, norm, hiddenSize);
            case NormPlacement.BeforeAndAfter(Norm before, Norm _) -> Checks.size(what, before, hiddenSize);
        }
    }

    private static int width(FeedForward feedForward) {
        return switch (feedForward) {
            case GatedMlp mlp -> mlp.down().outputs();
            case PlainMlp mlp -> mlp.down().outputs();
            case MixtureOfExperts moe -> moe.experts().hiddenSize();
        };
    }

    /// Keys and values can be shared only with an earlier layer that has its own, of the same heads, and sees as
    /// far.
    private static void sharing(List<Layer> layers, int index) {
        if (layers.get(index).mixer() instanceof GroupedQueryAttention user
                && user.keyValue() instanceof GroupedQueryAttention.KeyValueSource.SharedWith(int owner)) {
            require(
                    owner < index
                            && layers.get(owner).mixer() instanceof GroupedQueryAttention source
                            && source.keyValue() instanceof GroupedQueryAttention.KeyValueSource.Own
                            && source.kvHeads() == user.kvHeads()
                            && source.headDim() == user.headDim()
                            && source.mask().equals(user.mask()),
                    "layer " + index,
                    "to share with an earlier layer of equal heads and mask that has its own keys and values");
        }
    }

    private static void require(boolean holds, String layer, String expected) {
        Checks.require(holds, layer, "something else", expected);
    }
}
