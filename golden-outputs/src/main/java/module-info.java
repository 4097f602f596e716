import org.jspecify.annotations.NullMarked;

/// Golden cases: the data made by the generator, and its reader.
@NullMarked
module dev.assay.golden {
    requires static transitive org.jspecify;
    requires transitive dev.assay.engine;
    requires tools.jackson.databind;

    exports dev.assay.golden;
}
