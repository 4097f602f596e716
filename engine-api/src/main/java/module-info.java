import org.jspecify.annotations.NullMarked;

/// How anything talks to an engine: the engine interface, model configurations and checkpoints. No model arithmetic.
@NullMarked
module dev.assay.engine {
    requires static transitive org.jspecify;
    requires tools.jackson.databind;

    exports dev.assay.checkpoint;
    exports dev.assay.checkpoint.gguf;
    exports dev.assay.config;
    exports dev.assay.engine;
}
