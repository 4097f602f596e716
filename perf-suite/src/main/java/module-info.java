import org.jspecify.annotations.NullMarked;

/// Measurement: what a machine can do at most, and what engines make of it. A figure comes with a checked result or
/// not at all.
@NullMarked
module dev.assay.perf {
    requires static transitive org.jspecify;
    requires transitive dev.assay.engine;
    requires transitive dev.assay.plan;
    requires transitive dev.assay.report;
    requires HdrHistogram;
    requires java.management;
    requires jdk.incubator.vector;
    requires jdk.management;
    requires jmh.core;
    requires org.apache.commons.statistics.distribution;
    requires tools.jackson.databind;

    exports dev.assay.perf;
    exports dev.assay.perf.ceiling;
    exports dev.assay.perf.compare;
    exports dev.assay.perf.model;
    exports dev.assay.perf.run;
    // Jackson reads and writes the lines of baselines.
    opens dev.assay.perf.compare to
            tools.jackson.databind;
}
