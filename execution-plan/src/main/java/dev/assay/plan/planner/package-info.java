/// One planner a family: from its configuration to a [dev.assay.plan.DecoderPlan]. Each cites its own reading of the
/// sources; none may look at a reference implementation, whose errors it is there to expose.
@NullMarked
package dev.assay.plan.planner;

import org.jspecify.annotations.NullMarked;
