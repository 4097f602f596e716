package dev.assay.config;

import java.util.List;
import java.util.Set;

/// Reads `model_type` `gemma3_text`, alone or inside `gemma3`; defaults are those of HF's `Gemma3TextConfig`.
final class Gemma3Reader {
    private Gemma3Reader() {}

    static Gemma3Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        fields.onlyNull("attn_logit_softcapping");
        fields.onlyOff("use_bidirectional_attention");
        // A note of 4.5x files on how their layer_types came about.
        fields.inert(Set.of("_sliding_window_pattern"));
        int vocabSize = fields.integer("vocab_size", 262_208);
        int hiddenSize = fields.integer("hidden_size", 2304);
        int intermediateSize = fields.integer("intermediate_size", 9216);
        int numHiddenLayers = CommonKeys.layers(fields, 26);
        int numAttentionHeads = fields.integer("num_attention_heads", 8);
        int numKeyValueHeads = fields.integer("num_key_value_heads", 4);
        int headDim = fields.integer("head_dim", 256);
        HiddenActivation hiddenActivation = CommonKeys.activation(fields, "hidden_activation", "gelu_pytorch_tanh");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 131_072);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", true);
        boolean attentionBias = fields.flag("attention_bias", false);
        int queryPreAttnScalar = fields.integer("query_pre_attn_scalar", 256);
        int slidingWindow = fields.integer("sliding_window", 4096);
        int pattern = fields.positive("sliding_window_pattern", 6);
        List<AttentionType> given = CommonKeys.layerTypes(fields);
        List<AttentionType> layerTypes = given != null
                ? given
                : CommonKeys.everyNth(numHiddenLayers, pattern, AttentionType.FULL, AttentionType.SLIDING);
        var rope = RopeReader.readPerLayerType(fields, 1_000_000, 10_000, maxPositionEmbeddings);
        Double finalLogitSoftcapping = fields.numberOrNull("final_logit_softcapping");
        return fields.create(() -> new Gemma3Config(
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads,
                headDim,
                hiddenActivation,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                queryPreAttnScalar,
                slidingWindow,
                layerTypes,
                rope.full(),
                rope.sliding(),
                finalLogitSoftcapping));
    }
}
