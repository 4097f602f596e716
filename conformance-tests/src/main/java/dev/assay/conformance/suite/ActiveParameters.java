package dev.assay.conformance.suite;

import dev.assay.checkpoint.CheckpointLayout;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.checkpoint.TensorRole;
import dev.assay.checkpoint.TensorSpec;
import dev.assay.config.MoeConfig;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Parameters that one token uses, both embeddings included: by formula from the configuration, and counted from the
/// tensors of the checkpoint that the engine was given.
///
/// @param byEveryToken elements of all tensors but those of routed experts
/// @param byExpert elements of each routed expert's tensors, `[E]`, by layer
record ActiveParameters(MoeConfig config, long byEveryToken, Map<Integer, long[]> byExpert) {
    /// Tensors of routed experts: `<module>.experts.<id>.<matrix>` where each has its own,
    /// `<module>.experts.<matrix>`
    /// where all of a layer lie in one. Shared experts are called otherwise in every family.
    private static final Pattern OF_EXPERTS =
            Pattern.compile("model\\.layers\\.(\\d+)\\.\\w+\\.experts\\.(?:(\\d+)\\.)?.+");

    static ActiveParameters of(MoeConfig config, List<TensorInfo> tensors) {
        Set<String> buffers = new HashSet<>();
        for (TensorSpec spec : CheckpointLayout.of(config)) {
            if (spec.role() == TensorRole.CORRECTION_BIAS) {
                buffers.add(spec.name());
            }
        }
        long byEveryToken = 0;
        Map<Integer, long[]> byExpert = new TreeMap<>();
        for (TensorInfo tensor : tensors) {
            Matcher name = OF_EXPERTS.matcher(tensor.name());
            if (name.matches()) {
                long[] layer =
                        byExpert.computeIfAbsent(Integer.valueOf(name.group(1)), _ -> new long[config.routedExperts()]);
                if (name.group(2) == null) {
                    for (int e = 0; e < layer.length; e++) {
                        layer[e] += tensor.elements() / layer.length;
                    }
                } else {
                    layer[Integer.parseInt(name.group(2))] += tensor.elements();
                }
            } else if (!buffers.contains(tensor.name())) {
                byEveryToken = Math.addExact(byEveryToken, tensor.elements());
            }
        }
        return new ActiveParameters(config, byEveryToken, byExpert);
    }

    /// All parameters, less the gate, up and down matrices of the experts that are not chosen.
    long formula() {
        long all = 0;
        for (TensorSpec spec : CheckpointLayout.of(config)) {
            if (spec.role() != TensorRole.CORRECTION_BIAS) {
                all = Math.addExact(all, spec.elements());
            }
        }
        long expert = 3L * config.hiddenSize() * config.moeIntermediateSize();
        long idle = (long) config.moeLayers().size() * (config.routedExperts() - config.numExpertsPerTok());
        return Math.subtractExact(all, Math.multiplyExact(idle, expert));
    }

    /// What a token uses that goes to these experts.
    ///
    /// @param touched ids of experts, by layer
    long counted(Map<Integer, Set<Integer>> touched) {
        long sum = byEveryToken;
        for (Map.Entry<Integer, Set<Integer>> layer : touched.entrySet()) {
            long[] elements = byExpert.getOrDefault(layer.getKey(), new long[config.routedExperts()]); // [E]
            for (int expert : layer.getValue()) {
                sum = Math.addExact(sum, elements[expert]);
            }
        }
        return sum;
    }
}
