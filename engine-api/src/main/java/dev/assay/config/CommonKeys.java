package dev.assay.config;

import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/// What the configurations of most families have in common.
final class CommonKeys {
    /// Keys of HF's `PreTrainedConfig` and of text generation that no decoder reads in its forward pass.
    private static final Set<String> INERT = Set.of(
            // where the file comes from, and how its code and weights are loaded
            "_attn_implementation",
            "_attn_implementation_autoset",
            "_commit_hash",
            "_name_or_path",
            "architectures",
            "attn_implementation",
            "auto_map",
            "dtype",
            "experts_implementation",
            "name_or_path",
            "tokenizer_class",
            "torch_dtype",
            "torchscript",
            "transformers_version",
            "use_bfloat16",
            "use_cache",
            // training; pretraining_tp once cut matrices into slices, to the same result
            "attention_dropout",
            "initializer_range",
            "pretraining_tp",
            "tf_legacy_loss",
            // what the HF model returns beside logits
            "output_attentions",
            "output_hidden_states",
            "return_dict",
            // classification heads
            "finetuning_task",
            "id2label",
            "label2id",
            "num_labels",
            "problem_type",
            "task_specific_params",
            // token ids and the tokenizer's
            "bos_token_id",
            "decoder_start_token_id",
            "eos_token_id",
            "pad_token_id",
            "prefix",
            "sep_token_id",
            // feed-forward in slices, cross attention and encoders: unused in decoders
            "chunk_size_feed_forward",
            "cross_attention_hidden_size",
            "is_decoder",
            "tie_encoder_decoder",
            // sampling
            "bad_words_ids",
            "begin_suppress_tokens",
            "cache_implementation",
            "diversity_penalty",
            "do_sample",
            "early_stopping",
            "encoder_no_repeat_ngram_size",
            "exponential_decay_length_penalty",
            "forced_bos_token_id",
            "forced_eos_token_id",
            "length_penalty",
            "max_length",
            "min_length",
            "no_repeat_ngram_size",
            "num_beam_groups",
            "num_beams",
            "num_return_sequences",
            "output_scores",
            "remove_invalid_values",
            "repetition_penalty",
            "return_dict_in_generate",
            "suppress_tokens",
            "temperature",
            "top_k",
            "top_p",
            "typical_p");

    private CommonKeys() {}

    /// Accounts for the keys that any family may carry.
    static void account(ConfigFields fields) {
        fields.inert(INERT);
        fields.only("is_encoder_decoder", false);
        fields.only("add_cross_attention", false);
        fields.onlyEmpty("pruned_heads");
        fields.onlyNull("per_layer_config");
    }

    static HiddenActivation activation(ConfigFields fields, String key, String absent) {
        return switch (fields.text(key, absent)) {
            case "silu", "swish" -> HiddenActivation.SILU;
            case "gelu_pytorch_tanh", "gelu_new" -> HiddenActivation.GELU_TANH;
            case "gelu" -> HiddenActivation.GELU_ERF;
            default ->
                throw fields.wrong(key, "silu, swish, gelu_pytorch_tanh, gelu_new or gelu: no other is modelled");
        };
    }

    /// KV heads; as many as query heads where the file, or HF's default, says `null`.
    static int keyValueHeads(ConfigFields fields, @Nullable Integer absent, int queryHeads) {
        Integer given = fields.integerOrNull("num_key_value_heads", absent);
        return given == null ? queryHeads : given;
    }

    /// Head dim; the hidden size shared out among the query heads where the file, or HF's default, says `null`.
    static int headDim(ConfigFields fields, @Nullable Integer absent, int hiddenSize, int queryHeads) {
        Integer given = fields.integerOrNull("head_dim", absent);
        if (given != null) {
            return given;
        }
        fields.create(() -> {
            Rules.positive("num_attention_heads", queryHeads);
            return queryHeads;
        });
        if (hiddenSize % queryHeads != 0) {
            throw fields.wrong(
                    "head_dim",
                    "a number, because hidden_size " + hiddenSize + " / num_attention_heads " + queryHeads
                            + " is not a whole one");
        }
        return hiddenSize / queryHeads;
    }

    /// Accounts for keys of latent attention that follow from others but that HF writes into files. It reads them
    /// back, so they must be right.
    ///
    /// @param absent KV heads of the HF class where the file has none, if it has a number of its own
    static void latentHeads(
            ConfigFields fields, @Nullable Integer absent, int queryHeads, int nopeHeadDim, int ropeHeadDim) {
        if (keyValueHeads(fields, absent, queryHeads) != queryHeads) {
            throw fields.wrong(
                    "num_key_value_heads",
                    "num_attention_heads " + queryHeads + (absent == null ? "" : " (absent means " + absent + ")"));
        }
        fields.only("head_dim", ropeHeadDim, "HF means qk_rope_head_dim by it");
        fields.only("qk_head_dim", nopeHeadDim + ropeHeadDim, "qk_nope_head_dim + qk_rope_head_dim");
    }

    /// Number of layers, checked at once because lists are made from it.
    static int layers(ConfigFields fields, int absent) {
        int layers = fields.integer("num_hidden_layers", absent);
        return fields.create(() -> {
            Rules.layers("num_hidden_layers", layers);
            return layers;
        });
    }

    /// One value for every `interval`-th layer and another for the rest.
    static <T> List<T> everyNth(int layers, int interval, T nth, T others) {
        return IntStream.range(0, layers)
                .mapToObj(layer -> (layer + 1) % interval == 0 ? nth : others)
                .toList();
    }

    /// Attention of each layer; null where the key is absent or `null`.
    static @Nullable List<AttentionType> layerTypes(ConfigFields fields) {
        List<String> names = fields.texts("layer_types");
        if (names == null) {
            return null;
        }
        return names.stream()
                .map(name -> switch (name) {
                    case "full_attention" -> AttentionType.FULL;
                    case "sliding_attention" -> AttentionType.SLIDING;
                    case "chunked_attention" -> AttentionType.CHUNKED;
                    default ->
                        throw fields.wrong(
                                "layer_types", "full_attention, sliding_attention or chunked_attention each");
                })
                .toList();
    }

    /// The sliding window; null where `use_sliding_window` does not switch it on.
    static @Nullable Integer switchedWindow(ConfigFields fields, @Nullable Integer absent) {
        Integer window = fields.integerOrNull("sliding_window", absent);
        return fields.flag("use_sliding_window", false) ? window : null;
    }

    /// Accepts `layer_types` only where every layer is of the one type.
    static void onlyAttention(ConfigFields fields, AttentionType only, int layers) {
        List<AttentionType> types = layerTypes(fields);
        if (types != null) {
            fields.create(() -> {
                Rules.layerTypes(types, layers, EnumSet.of(only));
                return types;
            });
        }
    }

    /// Position encoding of each layer, from `no_rope_layers` or else from `no_rope_layer_interval`.
    ///
    /// @param given `no_rope_layers`, if there is one to be used
    static List<PositionEncoding> positionEncodings(ConfigFields fields, @Nullable List<Integer> given, int layers) {
        int interval = fields.positive("no_rope_layer_interval", 4);
        if (given == null) {
            return everyNth(layers, interval, PositionEncoding.NOPE, PositionEncoding.ROPE);
        }
        return given.stream()
                .map(one -> switch (one) {
                    case 0 -> PositionEncoding.NOPE;
                    case 1 -> PositionEncoding.ROPE;
                    default -> throw fields.wrong("no_rope_layers", "1 for RoPE or 0 for none, each");
                })
                .toList();
    }
}
