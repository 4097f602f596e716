import dev.assay.adapter.onnxruntime.OnnxRuntimeEngine;
import dev.assay.engine.Engine;
import org.jspecify.annotations.NullMarked;

/// ONNX Runtime as an engine, on graphs exported from Hugging Face.
@NullMarked
module dev.assay.adapter.onnxruntime {
    requires static org.jspecify;
    requires com.microsoft.onnxruntime;
    requires transitive dev.assay.engine;
    requires tools.jackson.databind;

    exports dev.assay.adapter.onnxruntime;

    provides Engine with
            OnnxRuntimeEngine;
}
