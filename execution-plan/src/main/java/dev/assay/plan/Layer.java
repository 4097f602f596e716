package dev.assay.plan;

import java.util.List;

/// A decoder layer: a mixer and a feed-forward, each with its norms and its residual.
///
/// @param tensorPrefix what all tensor names of this layer begin with, as `model.layers.3.`; left out of them
/// @param attentionNorms of the mixer
/// @param feedForwardNorms of the feed-forward
/// @param extras what else the layer does, at most one of a kind
public record Layer(
        String tensorPrefix,
        NormPlacement attentionNorms,
        Mixer mixer,
        NormPlacement feedForwardNorms,
        FeedForward feedForward,
        List<LayerExtra> extras) {
    public Layer {
        Checks.require(
                tensorPrefix.endsWith("."), "tensor prefix", "\"" + tensorPrefix + "\"", "one that ends with a dot");
        extras = List.copyOf(extras);
        long kinds = extras.stream().map(LayerExtra::getClass).distinct().count();
        Checks.require(kinds == extras.size(), tensorPrefix + " extras", extras, "at most one of a kind");
    }

    /// Name of a tensor of this layer in the checkpoint.
    public String absoluteName(Ref ref) {
        return tensorPrefix + ref.name();
    }

    /// Whether another layer computes the same from other weights.
    public boolean alike(Layer other) {
        return attentionNorms.equals(other.attentionNorms)
                && mixer.equals(other.mixer)
                && feedForwardNorms.equals(other.feedForwardNorms)
                && feedForward.equals(other.feedForward)
                && extras.equals(other.extras);
    }
}
