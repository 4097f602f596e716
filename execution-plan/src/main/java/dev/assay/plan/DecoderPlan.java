package dev.assay.plan;

import dev.assay.config.Architecture;
import java.util.List;

/// A decoder as data: what it computes, in which order, from which tensors. Engines compile it by exhaustive
/// `switch` over its sealed records and need nothing else but the checkpoint.
///
/// embedding → residual stream → layers → final norm → head.
///
/// @param maxPositions longest context the model was made for; a limit only where positions are learned
/// @param skipped what published checkpoints hold and this plan does not compute, for people
public record DecoderPlan(
        Architecture architecture,
        int vocabSize,
        int hiddenSize,
        int maxPositions,
        Embedding embedding,
        PerLayerEmbedding perLayerEmbedding,
        ResidualStream residualStream,
        List<Layer> layers,
        Norm finalNorm,
        OutputHead head,
        List<String> skipped) {
    public DecoderPlan {
        layers = List.copyOf(layers);
        skipped = List.copyOf(skipped);
        Checks.positive("max positions", maxPositions);
        Checks.shape(embedding.table(), vocabSize, hiddenSize);
        if (embedding.positions() instanceof Embedding.Positions.Learned(WeightRef table)) {
            Checks.shape(table, maxPositions, hiddenSize);
        }
        Checks.size("final norm", finalNorm, hiddenSize);
        switch (head) {
            case OutputHead.Tied _ -> {}
            case OutputHead.Untied(WeightRef weight, OutputHead.Softcap _) ->
                Checks.shape(weight, vocabSize, hiddenSize);
        }
        Checks.require(!layers.isEmpty(), "layers", "none", "at least one");
        PlanRules.check(layers, hiddenSize, residualStream, perLayerEmbedding);
    }

    /// The layer whose cache a layer reads: itself, unless it shares.
    ///
    /// @throws IndexOutOfBoundsException if there is no such layer
    public int cacheLayer(int index) {
        return layers.get(index).mixer() instanceof GroupedQueryAttention attention
                        && attention.keyValue() instanceof GroupedQueryAttention.KeyValueSource.SharedWith(int owner)
                ? owner
                : index;
    }
}
