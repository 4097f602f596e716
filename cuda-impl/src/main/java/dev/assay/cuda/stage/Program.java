package dev.assay.cuda.stage;

import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.WeightRef;
import java.util.List;

/// A compiled decoder: its stages in order, its head, and the room that a pass through them needs. Shared by all
/// sessions of a model.
///
/// @param stages for passes that somebody listens to
/// @param manyTokens the stages for passes that nobody listens to
/// @param embed the first stage
/// @param oneToken the stages for a single token that nobody listens to, behind the embedding, its logits included
/// @param head `[vocabulary][hidden size]`, from INPUT to logits
public record Program(
        DecoderPlan plan,
        List<Stage> stages,
        List<Stage> manyTokens,
        Stage.Embed embed,
        List<Stage> oneToken,
        DeviceMatrix head,
        OutputHead.Softcap softcap,
        Layout layout) {
    public Program {
        stages = List.copyOf(stages);
        manyTokens = List.copyOf(manyTokens);
        oneToken = List.copyOf(oneToken);
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
