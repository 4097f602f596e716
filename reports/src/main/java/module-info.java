import org.jspecify.annotations.NullMarked;

/// Results as records, their JSON form, and what is rendered from it.
@NullMarked
module dev.assay.report {
    requires static org.jspecify;
    requires tools.jackson.databind;
}
