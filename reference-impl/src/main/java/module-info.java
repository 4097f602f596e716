import dev.assay.engine.Engine;
import dev.assay.reference.ReferenceEngine;
import org.jspecify.annotations.NullMarked;

/// The reference: one plain scalar file per architecture. Never sees an execution plan.
@NullMarked
module dev.assay.reference {
    requires static org.jspecify;
    requires transitive dev.assay.engine;

    exports dev.assay.reference;
    exports dev.assay.reference.cache;
    exports dev.assay.reference.decoder;
    exports dev.assay.reference.deepseekv3;
    exports dev.assay.reference.llama3;
    exports dev.assay.reference.math;
    exports dev.assay.reference.qwen3;

    provides Engine with
            ReferenceEngine;
}
