package dev.assay.plan;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.engine.Engine;
import dev.assay.engine.LoadOptions;
import dev.assay.engine.Model;

/// An engine that runs whatever plan it is given, the right one or another: what plants known bugs needs this.
public interface PlanEngine extends Engine {
    /// Loads a model that computes what `plan` says, from the tensors of `checkpoint`, whatever the checkpoint's
    /// own configuration says. Otherwise as [Engine#load].
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if a tensor that the plan reads is missing or has another
    ///     shape
    Model load(DecoderPlan plan, Checkpoint checkpoint, LoadOptions options);
}
