import org.jspecify.annotations.NullMarked;

/// JMH benchmarks of the vector engine's kernels, each beside its scalar twin and checked against it before it is
/// timed.
@NullMarked
module dev.assay.kernels {
    requires static transitive org.jspecify;
    requires dev.assay.engine;
    requires dev.assay.perf;
    requires dev.assay.plan;
    requires dev.assay.reference;
    requires dev.assay.report;
    requires dev.assay.vector;
    requires java.management;
    requires jmh.core;
    // JMH uses it, and being an automatic module cannot say so.
    requires jdk.unsupported;

    exports dev.assay.kernels;
}
