package dev.assay.vector.stage;

import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.WeightRef;
import java.util.List;

/// A compiled decoder: its stages in order, its head, and the room that a pass through them needs. Shared by all
/// sessions of a model.
///
/// @param decisions what the compiler chose and why, one sentence each
public record Program(DecoderPlan plan, List<Stage> stages, Head head, Layout layout, List<String> decisions) {
    public Program {
        stages = List.copyOf(stages);
        decisions = List.copyOf(decisions);
    }

    /// Token ids below this can be embedded.
    int embeddableIds() {
        return switch (plan.perLayerEmbedding()) {
            case PerLayerEmbedding.None _ -> plan.vocabSize();
            case PerLayerEmbedding.TableAndProjection table ->
                Math.min(plan.vocabSize(), table.table().rows());
        };
    }

    /// Positions that can be embedded.
    int embeddablePositions() {
        return switch (plan.embedding().positions()) {
            case Embedding.Positions.None _ -> Integer.MAX_VALUE;
            case Embedding.Positions.Learned(WeightRef table) -> table.rows();
        };
    }
}
