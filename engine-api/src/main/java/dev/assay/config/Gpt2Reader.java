package dev.assay.config;

import java.util.Set;

/// Reads `model_type` `gpt2`; defaults are those of HF's `GPT2Config`.
final class Gpt2Reader {
    /// Dropout, the heads for tasks other than predicting the next token, and `reorder_and_upcast_attn`: it chooses
    /// the precision and the order of a product, not its value.
    private static final Set<String> INERT = Set.of(
            "attn_pdrop",
            "embd_pdrop",
            "reorder_and_upcast_attn",
            "resid_pdrop",
            "summary_activation",
            "summary_first_dropout",
            "summary_proj_to_labels",
            "summary_type",
            "summary_use_proj");

    private Gpt2Reader() {}

    static Gpt2Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        fields.inert(INERT);
        int vocabSize = fields.integer("vocab_size", 50_257);
        int hiddenSize = fields.integer(fields.alias("n_embd", "hidden_size"), 768);
        Integer nInner = fields.integerOrNull("n_inner", null);
        int intermediateSize = nInner != null ? nInner : fourTimes(hiddenSize);
        int numHiddenLayers = fields.integer(fields.alias("n_layer", "num_hidden_layers"), 12);
        int numAttentionHeads = fields.integer(fields.alias("n_head", "num_attention_heads"), 12);
        boolean scaleAttnWeights = fields.flag("scale_attn_weights", true);
        boolean scaleAttnByInverseLayerIdx = fields.flag("scale_attn_by_inverse_layer_idx", false);
        HiddenActivation activationFunction = CommonKeys.activation(fields, "activation_function", "gelu_new");
        int maxPositionEmbeddings = fields.integer(fields.alias("n_positions", "max_position_embeddings"), 1024);
        fields.only("n_ctx", maxPositionEmbeddings, "n_positions");
        double layerNormEpsilon = fields.number("layer_norm_epsilon", 1e-5);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", true);
        return fields.create(() -> new Gpt2Config(
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                scaleAttnWeights,
                scaleAttnByInverseLayerIdx,
                activationFunction,
                maxPositionEmbeddings,
                layerNormEpsilon,
                tieWordEmbeddings));
    }

    /// Four times the hidden size; a size that is none, or too large, is left to the record to refuse.
    private static int fourTimes(int hiddenSize) {
        return Math.clamp(4L * hiddenSize, 1, Integer.MAX_VALUE);
    }
}
