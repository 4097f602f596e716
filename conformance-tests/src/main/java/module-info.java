import org.jspecify.annotations.NullMarked;

/// The conformance suite: comparison, checks and suites.
@NullMarked
module dev.assay.conformance {
    requires static transitive org.jspecify;
    requires transitive dev.assay.engine;
    requires transitive dev.assay.golden;
    requires transitive dev.assay.report;

    exports dev.assay.conformance.compare;
    exports dev.assay.conformance.suite;
}
