import org.jspecify.annotations.NullMarked;

/// Results as records, their JSON form, and what is rendered from it.
@NullMarked
module dev.assay.report {
    requires static transitive org.jspecify;
    requires io.jstach.jstachio;
    requires java.management;
    requires java.xml;
    requires jdk.management;
    requires java.json.canonicalization;
    requires tools.jackson.databind;

    exports dev.assay.report;
    exports dev.assay.report.certificate;
    exports dev.assay.report.render;
    // Jackson reads and writes the records.
    opens dev.assay.report to
            tools.jackson.databind;
    opens dev.assay.report.certificate to
            tools.jackson.databind;
}
