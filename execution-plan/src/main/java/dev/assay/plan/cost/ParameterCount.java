package dev.assay.plan.cost;

import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Experts;
import dev.assay.plan.Layer;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PlanWeights;
import dev.assay.plan.Router;
import dev.assay.plan.WeightRole;
import java.util.Map;

/// Parameters of a plan, tied ones once, of the text model without anything the plan skips.
///
/// @param byRole of every role that the plan has
/// @param activeRouted parameters of the routed experts that one token goes to, over all layers
/// @param head whether the embedding is also the head
public record ParameterCount(Map<WeightRole, Long> byRole, long activeRouted, HeadKind head) {
    /// Whether the head has parameters of its own.
    public enum HeadKind {
        TIED,
        UNTIED
    }

    public ParameterCount {
        byRole = Map.copyOf(byRole);
    }

    public static ParameterCount of(DecoderPlan plan) {
        long activeRouted = 0;
        for (Layer layer : plan.layers()) {
            if (layer.feedForward()
                    instanceof MixtureOfExperts(Router router, Experts experts, MixtureOfExperts.SharedExpert _)) {
                activeRouted = Math.addExact(activeRouted, experts.elements() / experts.count() * router.topK());
            }
        }
        HeadKind head = switch (plan.head()) {
            case OutputHead.Tied _ -> HeadKind.TIED;
            case OutputHead.Untied _ -> HeadKind.UNTIED;
        };
        return new ParameterCount(PlanWeights.elementsByRole(plan), activeRouted, head);
    }

    /// Parameters of a role.
    public long of(WeightRole role) {
        return byRole.getOrDefault(role, 0L);
    }

    /// All parameters.
    public long total() {
        long sum = 0;
        for (Map.Entry<WeightRole, Long> entry : byRole.entrySet()) {
            if (entry.getKey() != WeightRole.CORRECTION_BIAS) {
                sum = Math.addExact(sum, entry.getValue());
            }
        }
        return sum;
    }

    /// Numbers that checkpoints hold but no one counts as parameters: correction biases.
    public long buffers() {
        return of(WeightRole.CORRECTION_BIAS);
    }

    /// Tables that a token or a position is looked up in, the one that is also the head included.
    public long tables() {
        return of(WeightRole.EMBEDDING) + of(WeightRole.POSITION_EMBEDDING) + of(WeightRole.PER_LAYER_EMBEDDING);
    }

    /// All parameters but tables and head.
    public long withoutEmbeddings() {
        return total() - tables() - of(WeightRole.HEAD);
    }

    /// Active parameters in a convention.
    public long active(ActiveConvention convention) {
        long all = total() - of(WeightRole.ROUTED_EXPERT) + activeRouted;
        long lookups = tables() - (head == HeadKind.TIED ? of(WeightRole.EMBEDDING) : 0);
        return switch (convention) {
            case ALL -> all;
            case EXCLUDING_INPUT_EMBEDDING -> all - lookups;
            case EXCLUDING_EMBEDDINGS -> all - tables() - of(WeightRole.HEAD);
        };
    }
}
