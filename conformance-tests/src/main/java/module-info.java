import org.jspecify.annotations.NullMarked;

/// The conformance suite: comparison, checks and suites.
@NullMarked
module dev.assay.conformance {
    requires static org.jspecify;
    requires transitive dev.assay.engine;
    requires transitive dev.assay.golden;
    requires transitive dev.assay.report;
}
