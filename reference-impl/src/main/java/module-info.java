import org.jspecify.annotations.NullMarked;

/// The reference: one plain scalar file per architecture. Never sees an execution plan.
@NullMarked
module dev.assay.reference {
    requires static org.jspecify;
    requires transitive dev.assay.engine;

    exports dev.assay.reference.math;
}
