package dev.assay.plan;

import java.util.List;

/// What "the hidden state" is between layers.
public sealed interface ResidualStream {
    /// One vector of the hidden size a token.
    record Single() implements ResidualStream {}

    /// Several vectors a token, of which layers transform one: AltUp, arXiv:2301.13310, as in Gemma 3n.
    ///
    /// Before the layers, stream 0 is the embedding e and stream i > 0 is P·e for the i-th projection P, brought to
    /// the root mean square of e. After them, streams i > 0 go through the i-th unembedding and are brought to the
    /// root mean square of stream 0; the mean of all is what the final norm gets. Each layer has a
    /// [LayerExtra.AltUpStep].
    ///
    /// @param streams vectors a token
    /// @param active the stream that passes through layers
    /// @param projections `[hidden size][hidden size]`, for streams 1 and up
    /// @param unembeddings as `projections`
    /// @param smallestMeanSquare mean squares below it count as it, where they divide
    record AltUp(
            int streams,
            int active,
            List<WeightRef> projections,
            List<WeightRef> unembeddings,
            double smallestMeanSquare)
            implements ResidualStream {
        public AltUp {
            Checks.positive("streams", streams);
            Checks.between("active stream", active, 0, streams - 1);
            projections = List.copyOf(projections);
            unembeddings = List.copyOf(unembeddings);
            Checks.require(projections.size() == streams - 1, "projections", projections.size(), streams - 1 + "");
            Checks.require(unembeddings.size() == streams - 1, "unembeddings", unembeddings.size(), streams - 1 + "");
            Checks.positive("smallest mean square", smallestMeanSquare);
        }
    }
}
