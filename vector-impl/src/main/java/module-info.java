import dev.assay.engine.Engine;
import dev.assay.vector.VectorEngine;
import org.jspecify.annotations.NullMarked;

/// The fast engine: compiles an execution plan to kernels of the Vector API.
@NullMarked
module dev.assay.vector {
    requires static org.jspecify;
    requires transitive dev.assay.plan;
    requires transitive dev.assay.engine;
    requires jdk.incubator.vector;
    requires jdk.management;

    exports dev.assay.vector;

    provides Engine with
            VectorEngine;
}
