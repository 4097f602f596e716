package dev.assay.plan.cost;

import dev.assay.plan.DecoderPlan;
import dev.assay.plan.PlanWeights;
import dev.assay.plan.WeightRole;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.ToIntFunction;

/// Bytes of a plan's weights as they are stored, tied ones once.
///
/// @param byRole of every role that the plan has
public record WeightBytes(Map<WeightRole, Long> byRole) {
    public WeightBytes {
        byRole = Map.copyOf(byRole);
    }

    /// Bytes of weights that are all stored alike.
    public static WeightBytes uniform(DecoderPlan plan, int bytesPerWeight) {
        Map<WeightRole, Long> bytes = new EnumMap<>(WeightRole.class);
        PlanWeights.elementsByRole(plan)
                .forEach((role, elements) -> bytes.put(role, Math.multiplyExact(elements, (long) bytesPerWeight)));
        return new WeightBytes(bytes);
    }

    /// Bytes of weights of several types, as in FP8 checkpoints, whose norms and tables are BF16. Block scales, of
    /// which there is one for thousands of weights, are left out.
    ///
    /// @param bytesPerWeight of the tensor of that name
    public static WeightBytes stored(DecoderPlan plan, ToIntFunction<String> bytesPerWeight) {
        Map<WeightRole, Long> bytes = new EnumMap<>(WeightRole.class);
        for (PlanWeights.Use use : PlanWeights.of(plan)) {
            long own = Math.multiplyExact(use.ref().elements(), (long) bytesPerWeight.applyAsInt(use.name()));
            bytes.merge(use.role(), own, Math::addExact);
        }
        return new WeightBytes(bytes);
    }

    /// Bytes of a role.
    public long of(WeightRole role) {
        return byRole.getOrDefault(role, 0L);
    }

    /// Bytes of all weights.
    public long total() {
        return byRole.values().stream().mapToLong(Long::longValue).reduce(0, Math::addExact);
    }
}
