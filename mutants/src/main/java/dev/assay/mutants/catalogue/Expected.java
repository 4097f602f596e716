package dev.assay.mutants.catalogue;

import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Layer;
import java.util.Set;
import java.util.function.Predicate;

/// How a bug must show.
public sealed interface Expected {
    /// A tap leaves its budget, and this is the first.
    record First(Tap tap, Where where) implements Expected {
        /// The tap in a model.
        ///
        /// @param right the plan as it should be
        /// @param planted the plan as the engine was given it
        public TapPoint in(DecoderPlan right, DecoderPlan planted) {
            return tap == Tap.LOGITS ? TapPoint.LOGITS : TapPoint.of(tap, where.layer(right, planted));
        }
    }

    /// A tap leaves its budget in one of the layers of a kind, and is the first: which of them depends on the
    /// input.
    record Among(Tap tap, Predicate<Layer> kind) implements Expected {
        /// Whether a layer is one of them.
        public boolean has(DecoderPlan right, int layer) {
            return layer >= 0
                    && layer < right.layers().size()
                    && kind.test(right.layers().get(layer));
        }
    }

    /// A check fails that is about the engine's conduct and not its arithmetic. Of several, any.
    record Violated(Set<String> checks) implements Expected {
        public Violated {
            checks = Set.copyOf(checks);
        }
    }

    /// The engine refuses the model, as a tensor is not there or has another shape.
    record Refused() implements Expected {}

    /// The layer of a tap.
    @FunctionalInterface
    interface Where {
        int layer(DecoderPlan right, DecoderPlan planted);
    }
}
