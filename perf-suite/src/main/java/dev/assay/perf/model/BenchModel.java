package dev.assay.perf.model;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.ElementType;
import dev.assay.checkpoint.SyntheticWeights;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.config.ModelConfig;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.cost.WeightBytes;
import dev.assay.plan.planner.Planners;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import java.util.stream.Collectors;

/// A model to measure, before anything of it is allocated.
///
/// @param name of the published shape, or of the folder
/// @param dtype type of the weights as users type it
/// @param publishedLayers of the whole model, of which `config` may have fewer
/// @param plan of `config`
/// @param weightBytes as they are stored
/// @param checkpoint opens the weights; the caller closes them
public record BenchModel(
        String name,
        ModelConfig config,
        String dtype,
        int publishedLayers,
        DecoderPlan plan,
        WeightBytes weightBytes,
        Supplier<Checkpoint> checkpoint) {
    /// Seed of synthetic weights. Any other would do; one fixed seed makes runs comparable to the bit.
    private static final long SEED = 1;

    /// A published shape, or its first layers, with synthetic weights.
    ///
    /// @param configJson text of its `config.json`
    /// @param layers to measure: all, or as [LayerSlice#of] allows
    /// @throws IllegalArgumentException if there are no such layers, or the type needs block sizes that the
    ///     configuration does not give
    public static BenchModel ofShape(String name, String configJson, int layers, WeightType type) {
        ModelConfig published = ModelConfig.parse(configJson, name);
        ModelConfig config = layers == published.numHiddenLayers()
                ? published
                : ModelConfig.parse(LayerSlice.of(configJson, published, layers), name + ", " + layers + " layers");
        SyntheticWeights weights = SyntheticWeights.forShape(config, type.elements(), SEED);
        List<TensorInfo> tensors =
                weights.tensors().stream().map(tensor -> tensor.info()).toList();
        DecoderPlan plan = Planners.plan(config);
        return new BenchModel(
                name,
                config,
                type.name(),
                published.numHiddenLayers(),
                plan,
                stored(plan, tensors),
                () -> weights.checkpoint(config));
    }

    /// A model that is there. Opening reads the headers only.
    ///
    /// @param checkpoint stays open as long as the model is used, and is closed by the caller
    public static BenchModel ofCheckpoint(String name, Checkpoint checkpoint) {
        ModelConfig config = checkpoint.config();
        DecoderPlan plan = Planners.plan(config);
        return new BenchModel(
                name,
                config,
                dtype(checkpoint.tensors()),
                config.numHiddenLayers(),
                plan,
                stored(plan, checkpoint.tensors()),
                () -> checkpoint);
    }

    private static WeightBytes stored(DecoderPlan plan, List<TensorInfo> tensors) {
        Map<String, Integer> bytes = tensors.stream()
                .collect(Collectors.toMap(
                        TensorInfo::name, tensor -> tensor.type().bytes()));
        return WeightBytes.stored(plan, bytes::get);
    }

    /// The type that most elements have.
    private static String dtype(List<TensorInfo> tensors) {
        Map<ElementType, Long> elements = new EnumMap<>(ElementType.class);
        tensors.forEach(tensor -> elements.merge(tensor.type(), tensor.elements(), Math::addExact));
        ElementType most = elements.entrySet().stream()
                .max(Map.Entry.comparingByValue())
                .orElseThrow()
                .getKey();
        for (WeightType type : WeightType.values()) {
            if (type.elements() == most) {
                return type.name();
            }
        }
        return most.name().toLowerCase(Locale.ROOT);
    }
}
