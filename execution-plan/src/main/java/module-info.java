import org.jspecify.annotations.NullMarked;

/// A decoder as immutable data, planned from its configuration, and what it costs. No arithmetic on tensors.
@NullMarked
module dev.assay.plan {
    requires static transitive org.jspecify;
    requires transitive dev.assay.engine;

    exports dev.assay.plan;
    exports dev.assay.plan.cost;
    exports dev.assay.plan.planner;
}
