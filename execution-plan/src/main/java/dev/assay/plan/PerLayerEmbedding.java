package dev.assay.plan;

/// Embeddings that each layer gets beside the hidden state; a [LayerExtra.PerLayerInput] says what it does with
/// them.
public sealed interface PerLayerEmbedding {
    record None() implements PerLayerEmbedding {}

    /// For layer i of Gemma 3n, from token id t and embedding e:
    /// `(norm((projectionScale · P·e)ᵢ) + tableScale · table[t]ᵢ) · sumScale`, where ᵢ takes the i-th `width`
    /// numbers.
    ///
    /// @param table `[ids][layers · width]`; may have fewer ids than the vocabulary
    /// @param width numbers a layer
    /// @param tableScale rounded to the type that the model computes in
    /// @param projection P, `[layers · width][hidden size]`
    /// @param norm over `width` numbers, the same for all layers
    record TableAndProjection(
            WeightRef table,
            int width,
            double tableScale,
            WeightRef projection,
            double projectionScale,
            Norm norm,
            double sumScale)
            implements PerLayerEmbedding {
        public TableAndProjection {
            Checks.positive("width", width);
            Checks.positive("table scale", tableScale);
            Checks.positive("projection scale", projectionScale);
            Checks.positive("sum scale", sumScale);
            Checks.size("norm of the projection", norm, width);
            Checks.shape(projection, table.columns(), projection.columns());
        }
    }
}
