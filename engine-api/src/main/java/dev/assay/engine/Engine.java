package dev.assay.engine;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.ModelConfig;

/// Something that runs language models: the reference, a built-in fast engine or a third party's.
///
/// Engines are found by [java.util.ServiceLoader]. An engine is stateless and may be used from several threads.
public interface Engine {
    /// Who the engine is. Constant for the lifetime of the engine.
    EngineInfo info();

    /// Whether this machine has what the engine runs on. If not, what it [supports][#supports] is still true of
    /// others, and nothing can be loaded.
    default Availability availability() {
        return new Availability.Available();
    }

    /// Whether the engine can run a model of this configuration, decided without loading anything.
    ///
    /// An engine that answers [Support.Supported] and then cannot run the model has told a *capability lie*; what
    /// it cannot run it must declare as [Support.Unsupported] with the reason.
    Support supports(ModelConfig config);

    /// Loads a model. The checkpoint stays open for the lifetime of the model and is closed by the caller.
    ///
    /// @throws dev.assay.checkpoint.CheckpointException if a tensor is missing or has another shape than the
    ///     configuration demands
    /// @throws UnsupportedModelException if [#supports] says so
    Model load(Checkpoint checkpoint, LoadOptions options);
}
