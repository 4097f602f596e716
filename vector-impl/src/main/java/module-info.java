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
    // The kernels, to whoever measures them one by one.
    exports dev.assay.vector.cache to
            dev.assay.kernels;
    exports dev.assay.vector.kernel to
            dev.assay.kernels;
    exports dev.assay.vector.stage to
            dev.assay.kernels;
    exports dev.assay.vector.thread to
            dev.assay.kernels;
    exports dev.assay.vector.weight to
            dev.assay.kernels;

    provides Engine with
            VectorEngine;
}
