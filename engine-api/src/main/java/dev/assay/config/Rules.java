package dev.assay.config;

import java.util.EnumSet;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The rules that configuration records hold themselves to. Each throws a [ConfigException] that names the HF key.
final class Rules {
    /// More layers than any decoder has; keeps a damaged layer count from asking for endless lists.
    static final int MAX_LAYERS = 10_000;

    /// Larger than any size that a decoder has, the longest published context of 10,485,760 included; keeps damaged
    /// sizes from products that no one can count.
    static final int MAX_SIZE = 1 << 24;

    private Rules() {}

    static void require(boolean holds, String key, Object found, String expected) {
        if (!holds) {
            throw ConfigException.inRecord(key, found.toString(), expected);
        }
    }

    static void positive(String key, int value) {
        require(value > 0, key, value, "a whole number above 0");
        require(value <= MAX_SIZE, key, value, "at most " + MAX_SIZE + ", more than any decoder has");
    }

    static void positive(String key, double value) {
        require(value > 0 && Double.isFinite(value), key, value, "a finite number above 0");
    }

    static void positiveIfGiven(String key, @Nullable Double value) {
        if (value != null) {
            positive(key, value);
        }
    }

    static void layers(String key, int value) {
        require(value > 0 && value <= MAX_LAYERS, key, value, "a whole number from 1 to " + MAX_LAYERS);
    }

    static void epsilon(String key, double value) {
        require(value >= 0 && Double.isFinite(value), key, value, "a finite number of at least 0");
    }

    static void between(String key, int value, int low, int high, String reason) {
        require(value >= low && value <= high, key, value, low + " to " + high + " (" + reason + ")");
    }

    /// RoPE turns pairs of dimensions.
    static void rotaryDim(String key, int value) {
        positive(key, value);
        require(value % 2 == 0, key, value, "an even number, because RoPE turns pairs");
    }

    /// Checks that `value` goes into `whole` without remainder.
    static void divides(String key, int value, String wholeKey, int whole) {
        positive(key, value);
        require(whole % value == 0, key, value, "a divisor of " + wholeKey + " " + whole);
    }

    /// Checks that a width made of two sizes can be an array length.
    static void width(String key, int value, String perKey, long per) {
        require((long) value * per <= Integer.MAX_VALUE, key, value, "at most 2147483647 / " + perKey + " " + per);
    }

    /// Checks that there is a type for each layer, and that the architecture has such layers.
    static void layerTypes(List<AttentionType> types, int layers, EnumSet<AttentionType> known) {
        perLayer("layer_types", types, layers);
        for (AttentionType type : types) {
            require(known.contains(type), "layer_types", type, "one of " + known);
        }
    }

    /// Checks that a list names layers that exist.
    static void layerIndices(String key, List<Integer> indices, int layers) {
        for (int index : indices) {
            require(index >= 0 && index < layers, key, index, "0 to " + (layers - 1) + ", a layer");
        }
    }

    static void perLayer(String key, List<?> values, int layers) {
        require(values.size() == layers, key, "a list of " + values.size(), layers + ", one for each layer");
    }

    /// Heads of grouped-query attention: every KV head serves equally many query heads.
    static void heads(int queryHeads, int keyValueHeads, int headDim) {
        positive("num_attention_heads", queryHeads);
        positive("head_dim", headDim);
        width("num_attention_heads", queryHeads, "head_dim", headDim);
        divides("num_key_value_heads", keyValueHeads, "num_attention_heads", queryHeads);
    }

    /// Widths of DeepSeek's multi-head latent attention.
    static void latentAttention(
            int heads, @Nullable Integer qLoraRank, int kvLoraRank, int nopeHeadDim, int ropeHeadDim, int vHeadDim) {
        positive("num_attention_heads", heads);
        if (qLoraRank != null) {
            positive("q_lora_rank", qLoraRank);
        }
        positive("kv_lora_rank", kvLoraRank);
        positive("qk_nope_head_dim", nopeHeadDim);
        rotaryDim("qk_rope_head_dim", ropeHeadDim);
        positive("v_head_dim", vHeadDim);
        width("num_attention_heads", heads, "query head", (long) nopeHeadDim + ropeHeadDim);
        width("num_attention_heads", heads, "key and value head", (long) nopeHeadDim + vHeadDim);
    }

    static void experts(String key, int experts, int perToken) {
        positive(key, experts);
        between("num_experts_per_tok", perToken, 1, experts, key);
    }

    /// Shared experts are one MLP of their joint width.
    static void sharedExperts(int shared, int intermediateSize) {
        positive("n_shared_experts", shared);
        width("n_shared_experts", shared, "moe_intermediate_size", intermediateSize);
    }

    /// Group-limited routing: the chosen groups must hold enough experts to choose from.
    ///
    /// @param smallest experts that a group needs at least for its score
    static void expertGroups(int experts, int perToken, int groups, int chosenGroups, int smallest) {
        divides("n_group", groups, "n_routed_experts", experts);
        int groupSize = experts / groups;
        require(groupSize >= smallest, "n_group", groups, "groups of at least " + smallest + " experts each");
        between("topk_group", chosenGroups, 1, groups, "n_group");
        require(
                (long) chosenGroups * groupSize >= perToken,
                "topk_group",
                chosenGroups,
                "enough groups of " + groupSize + " experts for num_experts_per_tok " + perToken);
    }
}
