package dev.assay.mutants.diagnose;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.checkpoint.CheckpointException;
import dev.assay.checkpoint.CheckpointLayout;
import dev.assay.checkpoint.SkippedTensor;
import dev.assay.checkpoint.Tensor;
import dev.assay.checkpoint.TensorInfo;
import dev.assay.checkpoint.TensorSpec;
import dev.assay.config.ModelConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The first layers of a model as a model of its own, with the embedding, the final norm and the head of the whole.
///
/// Its last layer can be without one of its halves, or both: where the last projection of a half is 0, the half adds
/// nothing to the residual. So what is computed before a layer, and between its halves, is a model, too.
///
/// @param tensorsByName those that are as in the whole model lie in its files
public record LeadingLayers(ModelConfig config, String source, SortedMap<String, Tensor> tensorsByName)
        implements Checkpoint {
    private static final JsonMapper JSON = new JsonMapper();

    /// A cache line, as those who read weights in place may rely on.
    private static final long ALIGNMENT = 64;

    /// A half of a layer.
    public enum Half {
        ATTENTION("attention", "(o_proj|attn[.]c_proj)"),
        FEED_FORWARD("feed-forward", "(down_proj|mlp[.]c_proj)");

        private final String title;

        /// What names of its last projection end with, as a regular expression.
        private final String projection;

        Half(String title, String projection) {
            this.title = title;
            this.projection = projection;
        }

        /// For people.
        public String title() {
            return title;
        }

        private boolean endsIn(String tensor) {
            // Llama 4's experts have no `.weight` in their names.
            return tensor.matches(".*[.]" + projection + "([.](weight|bias))?");
        }
    }

    /// The first `layers` layers, of which the last is without some of its halves.
    ///
    /// @param whole must stay open
    public static LeadingLayers of(Checkpoint whole, int layers, Set<Half> silenced) {
        ModelConfig config = config(whole.config(), layers);
        Map<String, TensorInfo> found = new HashMap<>();
        whole.tensors().forEach(info -> found.put(info.name(), info));
        // GPT-2 has no `model.layers` before the number.
        String last = "(model[.]layers|h)[.]" + (layers - 1) + "[.].*";
        TreeMap<String, Tensor> tensors = new TreeMap<>();
        for (TensorSpec spec : CheckpointLayout.of(config)) {
            String name = spec.name();
            Tensor tensor = whole.tensor(
                    name, ints(Objects.requireNonNull(found.get(name), name).shape()));
            boolean silent = name.matches(last) && silenced.stream().anyMatch(half -> half.endsIn(name));
            tensors.put(name, silent ? zero(tensor) : leading(tensor, spec.shape()));
        }
        return new LeadingLayers(config, whole.source() + ", its first " + layers + " layers", tensors);
    }

    /// The configuration of the first layers: what it says of each layer of the whole model, it says of these.
    public static ModelConfig config(ModelConfig whole, int layers) {
        ObjectNode root = (ObjectNode) JSON.readTree(whole.toJson());
        ObjectNode json = root.get("text_config") instanceof ObjectNode text ? text : root;
        for (Map.Entry<String, JsonNode> entry : json.properties()) {
            JsonNode value = entry.getValue();
            entry.setValue(
                    switch (entry.getKey()) {
                        case "num_hidden_layers", "n_layer" -> number(layers);
                        case "first_k_dense_replace" -> number(Math.min(value.asInt(), layers));
                        // Layers that own their keys and values come first.
                        case "num_kv_shared_layers" ->
                            number(Math.max(0, value.asInt() - (whole.numHiddenLayers() - layers)));
                        // These come after the last layer.
                        case "num_nextn_predict_layers" -> number(0);
                        case "moe_layers", "mlp_only_layers" -> layersBelow(layers, value);
                        // `architectures` has one element, all other lists one for each layer.
                        default -> value instanceof ArrayNode ? first(layers, value) : value;
                    });
        }
        return ModelConfig.parse(JSON.writeValueAsString(root), "the first " + layers + " layers");
    }

    private static JsonNode number(int value) {
        return JSON.getNodeFactory().numberNode(value);
    }

    private static JsonNode layersBelow(int layers, JsonNode indices) {
        ArrayNode below = JSON.createArrayNode();
        indices.forEach(index -> {
            if (index.asInt() < layers) {
                below.add(index);
            }
        });
        return below;
    }

    private static JsonNode first(int layers, JsonNode elements) {
        ArrayNode first = JSON.createArrayNode();
        for (int i = 0; i < Math.min(layers, elements.size()); i++) {
            first.add(elements.get(i));
        }
        return first;
    }

    /// All zero, which has the bits 0 in every element type.
    private static Tensor zero(Tensor tensor) {
        return new Tensor(tensor.info(), Arena.ofAuto().allocate(tensor.data().byteSize(), ALIGNMENT), tensor.scales());
    }

    /// The leading block of a matrix: tables of per-layer embeddings have the layers side by side, in order.
    private static Tensor leading(Tensor tensor, List<Integer> shape) {
        TensorInfo info = tensor.info();
        if (info.shape().equals(shape)) {
            return tensor;
        }
        long elementBytes = tensor.data().byteSize() / info.elements();
        long rowBytes = elementBytes * info.shape().getLast();
        long keptBytes = elementBytes * shape.getLast();
        MemorySegment data = Arena.ofAuto().allocate(keptBytes * shape.getFirst(), ALIGNMENT);
        for (int row = 0; row < shape.getFirst(); row++) {
            MemorySegment.copy(tensor.data(), row * rowBytes, data, row * keptBytes, keptBytes);
        }
        return new Tensor(new TensorInfo(info.name(), info.type(), shape), data, null);
    }

    private static int[] ints(List<Integer> shape) {
        return shape.stream().mapToInt(Integer::intValue).toArray();
    }

    @Override
    public List<TensorInfo> tensors() {
        return tensorsByName.values().stream().map(Tensor::info).toList();
    }

    @Override
    public boolean contains(String name) {
        return tensorsByName.containsKey(name);
    }

    @Override
    public Tensor tensor(String name, int... shape) {
        Tensor tensor = tensorsByName.get(name);
        if (tensor == null || !Arrays.equals(ints(tensor.info().shape()), shape)) {
            throw new CheckpointException(source + ": " + name + ": expected " + Arrays.toString(shape) + ", "
                    + (tensor == null
                            ? "there is no such tensor"
                            : "found " + tensor.info().shape()));
        }
        return tensor;
    }

    @Override
    public List<SkippedTensor> skipped() {
        return List.of();
    }

    /// Does nothing: the files are the whole model's.
    @Override
    public void close() {}
}
