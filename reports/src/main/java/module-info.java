import org.jspecify.annotations.NullMarked;

/// Results as records, their JSON form, and what is rendered from it.
@NullMarked
module dev.assay.report {
    requires static transitive org.jspecify;
    requires io.jstach.jstachio;
    requires java.management;
    requires java.xml;
    requires jdk.management;
    requires tools.jackson.databind;

    exports dev.assay.report;
    exports dev.assay.report.render;
    // Jackson reads and writes the records.
    opens dev.assay.report to
            tools.jackson.databind;
}
