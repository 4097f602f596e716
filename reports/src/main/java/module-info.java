import org.jspecify.annotations.NullMarked;

/// Results as records, their JSON form, and what is rendered from it.
@NullMarked
module dev.assay.report {
    requires static transitive org.jspecify;
    requires java.management;
    requires jdk.management;
    requires java.json.canonicalization;
    requires tools.jackson.databind;

    exports dev.assay.report;
    exports dev.assay.report.certificate;
    // Jackson reads and writes the records.
    opens dev.assay.report to
            tools.jackson.databind;
    opens dev.assay.report.certificate to
            tools.jackson.databind;
}
