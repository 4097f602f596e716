import dev.assay.adapter.llamacpp.LlamaCppEngine;
import dev.assay.engine.Engine;
import org.jspecify.annotations.NullMarked;

/// llama.cpp as an engine, on GGUF files written for it.
@NullMarked
module dev.assay.adapter.llamacpp {
    requires static org.jspecify;
    requires llama; // the jar of de.kherud:llama, which holds the native library
    requires transitive dev.assay.engine;

    exports dev.assay.adapter.llamacpp;

    provides Engine with
            LlamaCppEngine;
}
