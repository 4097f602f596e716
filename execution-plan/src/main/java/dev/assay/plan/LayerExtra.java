package dev.assay.plan;

import dev.assay.config.HiddenActivation;

/// What a layer does beside mixer and feed-forward.
public sealed interface LayerExtra {
    /// Learned augmented residual, arXiv:2411.07501: with n = norm-before(x), l = n + norm(right·left·n) joins the
    /// attention's result a = x + after(attention(n)) as (a + l) · sumScale, on which the feed-forward works.
    ///
    /// @param left `[rank][hidden size]`
    /// @param right `[hidden size][rank]`
    record Laurel(WeightRef left, WeightRef right, Norm norm, double sumScale) implements LayerExtra {
        public Laurel {
            int hidden = right.rows();
            int rank = right.columns();
            Checks.shape(left, rank, hidden);
            Checks.size("norm of Laurel", norm, hidden);
            Checks.positive("sum scale", sumScale);
        }
    }

    /// Around a layer of [ResidualStream.AltUp].
    ///
    /// With m(x) = tanh(R · (routerScale · norm(x))) of the active stream x: before the layer, predictions are pᵢ =
    /// xᵢ + Σⱼ c[i·n + j] · xⱼ, where c = P·m(active). After it, with a the layer's result and k = C·m(a) + 1,
    /// streams become pᵢ + kᵢ · (a − p of the active stream).
    ///
    /// @param router R, `[streams][hidden size]`
    /// @param prediction P, `[streams²][streams]`
    /// @param correction C, `[streams][streams]`
    record AltUpStep(
            WeightRef router,
            Norm routerNorm,
            double routerScale,
            WeightRef prediction,
            WeightRef correction,
            CorrectedScale correctedScale)
            implements LayerExtra {
        public AltUpStep {
            int streams = router.rows();
            Checks.size("norm of the AltUp router", routerNorm, router.columns());
            Checks.positive("router scale", routerScale);
            Checks.shape(prediction, (long) streams * streams, streams);
            Checks.shape(correction, streams, streams);
        }
    }

    /// What multiplies the corrected active stream before it meets the layer's own embedding. Streams keep theirs.
    sealed interface CorrectedScale {
        VectorRef weight();

        record Multiplied(VectorRef weight) implements CorrectedScale {}

        /// Nothing; the checkpoint holds the weight all the same.
        record Ignored(VectorRef weight) implements CorrectedScale {}
    }

    /// With x the corrected active stream, scaled, and e this layer's [PerLayerEmbedding]: norm(projection ·
    /// (activation(gate·x) ⊙ e)) is added to **all streams but the first**, whichever is active.
    ///
    /// @param gate `[width][hidden size]`
    /// @param projection `[hidden size][width]`
    record PerLayerInput(WeightRef gate, HiddenActivation activation, WeightRef projection, Norm norm)
            implements LayerExtra {
        public PerLayerInput {
            int hidden = gate.columns();
            int width = gate.rows();
            Checks.shape(projection, hidden, width);
            Checks.size("norm of the per-layer input", norm, hidden);
        }
    }
}
