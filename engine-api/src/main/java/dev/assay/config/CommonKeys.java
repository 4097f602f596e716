package dev.assay.config;

import java.util.List;
import java.util.Set;
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
            // training
            "attention_dropout",
            "initializer_range",
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
        fields.onlyNothing("pruned_heads");
        fields.onlyNothing("per_layer_config");
    }

    static HiddenActivation activation(ConfigFields fields, String key, String absent) {
        return switch (fields.text(key, absent)) {
            case "silu", "swish" -> HiddenActivation.SILU;
            case "gelu_pytorch_tanh", "gelu_new" -> HiddenActivation.GELU_TANH;
            default -> throw fields.wrong(key, "silu, swish, gelu_pytorch_tanh or gelu_new: no other is modelled");
        };
    }

    /// KV heads; as many as query heads where the file, or HF's default, says `null`.
    static int keyValueHeads(ConfigFields fields, @Nullable Integer absent, int queryHeads) {
        Integer given = fields.integerOrNull("num_key_value_heads", absent);
        return given == null ? queryHeads : given;
    }

    /// Head dim; the hidden size shared out among the query heads where the key is absent or `null`.
    static int headDim(ConfigFields fields, int hiddenSize, int queryHeads) {
        Integer given = fields.integerOrNull("head_dim", null);
        if (given != null) {
            return given;
        }
        if (queryHeads <= 0 || hiddenSize % queryHeads != 0) {
            throw fields.wrong(
                    "head_dim",
                    "a number, because hidden_size " + hiddenSize + " / num_attention_heads " + queryHeads
                            + " is not a whole one");
        }
        return hiddenSize / queryHeads;
    }

    /// Accepts `layer_types` only where every layer attends to all positions before it.
    static void onlyFullAttention(ConfigFields fields, int layers) {
        List<String> types = fields.texts("layer_types");
        if (types == null) {
            return;
        }
        fields.create(() -> {
            Rules.perLayer("layer_types", types, layers);
            return types;
        });
        if (!types.stream().allMatch("full_attention"::equals)) {
            throw fields.wrong("layer_types", "\"full_attention\" throughout: no other is modelled");
        }
    }
}
