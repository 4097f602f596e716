import org.jspecify.annotations.NullMarked;

/// Measurement: what a machine can do at most, and what engines make of it. A figure comes with a checked result or
/// not at all.
@NullMarked
module dev.assay.perf {
    requires static transitive org.jspecify;
    requires transitive dev.assay.engine;
    requires transitive dev.assay.plan;
    requires transitive dev.assay.report;
    requires jdk.incubator.vector;

    exports dev.assay.perf.ceiling;
}
