package dev.assay.perf.model;

import dev.assay.config.ModelConfig;
import dev.assay.plan.Layer;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.planner.Planners;
import java.util.List;
import java.util.Optional;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The first layers of a published model, at their true width: what can be measured of a model that is too large.
///
/// Of leading dense layers as many stay as leave one with experts, so that DeepSeek V3's slice of two layers has one of
/// its three and one of the others; lists with an entry for each layer are cut, lists of layers lose those that are
/// gone, and of Gemma 3n's layers that share keys and values as many stay as stand within the slice.
public final class LayerSlice {
    private static final JsonMapper JSON = new JsonMapper();

    /// Keys for the number of layers: GPT-2's, and everyone else's.
    private static final List<String> LAYERS = List.of("n_layer", "num_hidden_layers");

    /// Keys of lists with an entry for each layer.
    private static final List<String> PER_LAYER =
            List.of("layer_types", "no_rope_layers", "intermediate_size", "activation_sparsity_pattern");

    /// Keys of lists of layers.
    private static final List<String> LAYER_INDICES = List.of("mlp_only_layers", "moe_layers");

    private static final String SHARED = "num_kv_shared_layers";

    private static final String LEADING_DENSE = "first_k_dense_replace";

    private LayerSlice() {}

    /// The text of a `config.json` of the same model with only its first layers.
    ///
    /// @param published configuration that the text gives
    /// @param layers as many as there are at most, and with experts, if the model has any: without them it would be
    ///     another model
    /// @throws IllegalArgumentException if there are no such layers
    public static String of(String configJson, ModelConfig published, int layers) {
        int all = published.numHiddenLayers();
        ObjectNode root = (ObjectNode) JSON.readTree(configJson);
        ObjectNode text = root.get("text_config") instanceof ObjectNode wrapped ? wrapped : root;
        boolean leadingDense = text.path(LEADING_DENSE).asInt(0) > 0;
        int least = leadingDense
                ? 2
                : layersUpToTheFirstExperts(Planners.plan(published).layers());
        if (layers < least || layers > all) {
            throw new IllegalArgumentException("expected " + least + " to " + all + " layers"
                    + (least > 1 ? ", because layer " + least + " is the first with experts" : "") + ", found "
                    + layers);
        }
        if (leadingDense) {
            text.put(LEADING_DENSE, Math.min(text.get(LEADING_DENSE).asInt(), layers - 1));
        }
        // A file may rely on the default of its family, which is no less a number of layers.
        String key = LAYERS.stream().filter(text::has).findFirst().orElse("num_hidden_layers");
        text.put(key, layers);
        for (String list : PER_LAYER) {
            array(text, list).ifPresent(values -> {
                while (values.size() > layers) {
                    values.remove(values.size() - 1);
                }
            });
        }
        for (String list : LAYER_INDICES) {
            array(text, list).ifPresent(indices -> {
                for (int i = indices.size() - 1; i >= 0; i--) {
                    if (indices.get(i).asInt() >= layers) {
                        indices.remove(i);
                    }
                }
            });
        }
        if (text.has(SHARED)) {
            int owners = all - text.get(SHARED).asInt();
            text.put(SHARED, Math.max(0, layers - owners));
        }
        return JSON.writeValueAsString(root);
    }

    /// 1 where there are none.
    private static int layersUpToTheFirstExperts(List<Layer> layers) {
        for (int i = 0; i < layers.size(); i++) {
            if (layers.get(i).feedForward() instanceof MixtureOfExperts) {
                return i + 1;
            }
        }
        return 1;
    }

    private static Optional<ArrayNode> array(ObjectNode object, String key) {
        JsonNode node = object.get(key);
        return node instanceof ArrayNode array ? Optional.of(array) : Optional.empty();
    }
}
