import dev.assay.cuda.CudaEngine;
import dev.assay.engine.Engine;
import org.jspecify.annotations.NullMarked;

/// The engine for NVIDIA GPUs: compiles an execution plan to CUDA kernels. Needs the driver and nothing else, and only
/// when it runs.
@NullMarked
module dev.assay.cuda {
    requires static org.jspecify;
    requires transitive dev.assay.plan;
    requires transitive dev.assay.engine;
    // Measurement writes JSON.
    requires tools.jackson.databind;

    exports dev.assay.cuda;

    // Measurement compares its logits with another engine's.
    uses Engine;

    provides Engine with
            CudaEngine;
}
