import org.jspecify.annotations.NullMarked;

/// The `assay` command. Engines are whatever the module path provides.
@NullMarked
module dev.assay.cli {
    requires static org.jspecify;
    requires dev.assay.adapter.openai;
    requires dev.assay.adapter.stdio;
    requires dev.assay.conformance;
    requires dev.assay.mutants;
    requires dev.assay.kernels;
    requires dev.assay.perf;
    requires dev.assay.plan;
    requires info.picocli;
    requires java.management;
    requires me.tongfei.progressbar;
    requires tools.jackson.databind;

    uses dev.assay.engine.Engine;

    // picocli reads the annotated fields and methods of the commands.
    opens dev.assay.cli to
            info.picocli;
}
