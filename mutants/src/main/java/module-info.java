import org.jspecify.annotations.NullMarked;

/// Known bugs of real engines, planted on purpose: the catalogue, how many of them the suite kills, and which of them a
/// failing engine looks like.
@NullMarked
module dev.assay.mutants {
    requires static transitive org.jspecify;
    requires transitive dev.assay.engine;
    requires transitive dev.assay.plan;
    requires transitive dev.assay.golden;
    requires transitive dev.assay.conformance;
    requires transitive dev.assay.report;
    requires transitive tools.jackson.databind;

    exports dev.assay.mutants.catalogue;
    exports dev.assay.mutants.diagnose;
    exports dev.assay.mutants.interpret;
    exports dev.assay.mutants.matrix;
}
