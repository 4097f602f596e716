package dev.assay.mutants.catalogue;

import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Rotary;
import java.util.function.UnaryOperator;

/// Wrong readings of which layers have rotary.
final class Rotaries {
    private Rotaries() {}

    /// Layers with and without it exchanged.
    static UnaryOperator<DecoderPlan> inverted() {
        return Edits.layers((plan, _, layer) ->
                Edits.withRotary(layer, Edits.turns(layer) ? new Rotary.None() : Edits.rotaryOf(plan, _ -> true)));
    }

    static UnaryOperator<DecoderPlan> everywhere() {
        return Edits.layers((plan, _, layer) -> Edits.withRotary(layer, Edits.rotaryOf(plan, _ -> true)));
    }

    /// Each layer has what the one before it should have, and the first what the last should.
    static UnaryOperator<DecoderPlan> shifted() {
        return Edits.layers((plan, i, layer) -> {
            int count = plan.layers().size();
            return Edits.withRotary(
                    layer, plan.layers().get((i + count - 1) % count).mixer().rotary());
        });
    }
}
