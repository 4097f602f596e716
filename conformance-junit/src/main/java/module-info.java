import org.jspecify.annotations.NullMarked;

/// The conformance suite as JUnit tests. A module of its own, so that nobody else needs JUnit to judge an engine.
@NullMarked
module dev.assay.conformance.junit {
    requires static transitive org.jspecify;
    requires transitive dev.assay.conformance;
    requires transitive org.junit.jupiter.api;

    uses dev.assay.engine.Engine;

    exports dev.assay.conformance.junit;
}
