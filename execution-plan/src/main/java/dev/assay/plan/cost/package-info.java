/// What a plan costs, exactly: parameters, active parameters, bytes of the KV cache, operations and bytes of a
/// phase. Everything is computed from the plan alone; nothing is measured here.
@NullMarked
package dev.assay.plan.cost;

import org.jspecify.annotations.NullMarked;
