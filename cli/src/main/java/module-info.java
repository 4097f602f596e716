import org.jspecify.annotations.NullMarked;

/// The `assay` command.
@NullMarked
module dev.assay.cli {
    requires static org.jspecify;
    requires dev.assay.conformance;
    requires info.picocli;
}
