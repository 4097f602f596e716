package dev.assay.config;

import java.util.List;
import java.util.Set;

/// Reads `model_type` `qwen3_moe`; defaults are those of HF's `Qwen3MoeConfig`.
final class Qwen3MoeReader {
    private Qwen3MoeReader() {}

    static Qwen3MoeConfig read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        // The layer at which dense Qwen3 starts its window; here HF puts one window on every layer.
        fields.inert(Set.of("max_window_layers"));
        fields.inert(Set.of("output_router_logits", "router_aux_loss_coef"));
        // Keys that published files have and HF does not; each says what the architecture is anyway.
        fields.only("qkv_bias", false);
        fields.only("use_qk_norm", true);
        fields.only("shared_expert_intermediate_size", 0);
        int vocabSize = fields.integer("vocab_size", 151_936);
        int hiddenSize = fields.integer("hidden_size", 2048);
        int intermediateSize = fields.integer("intermediate_size", 6144);
        int numHiddenLayers = CommonKeys.layers(fields, 24);
        int numAttentionHeads = fields.integer("num_attention_heads", 32);
        int numKeyValueHeads = fields.integer("num_key_value_heads", 4);
        int headDim = CommonKeys.headDim(fields, null, hiddenSize, numAttentionHeads);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 32_768);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        int moeIntermediateSize = fields.integer("moe_intermediate_size", 768);
        int numExperts = fields.integer(fields.alias("num_experts", "num_local_experts"), 128);
        int numExpertsPerTok = fields.integer("num_experts_per_tok", 8);
        boolean normTopkProb = fields.flag("norm_topk_prob", false);
        int decoderSparseStep = fields.integer("decoder_sparse_step", 1);
        List<Integer> given = fields.integers("mlp_only_layers");
        List<Integer> mlpOnlyLayers = given != null ? given : List.of();
        Integer slidingWindow = CommonKeys.switchedWindow(fields, 4096);
        CommonKeys.onlyAttention(
                fields, slidingWindow == null ? AttentionType.FULL : AttentionType.SLIDING, numHiddenLayers);
        return fields.create(() -> new Qwen3MoeConfig(
                vocabSize,
                hiddenSize,
                intermediateSize,
                moeIntermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads,
                headDim,
                numExperts,
                numExpertsPerTok,
                normTopkProb,
                decoderSparseStep,
                mlpOnlyLayers,
                hiddenAct,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                slidingWindow,
                ropeParameters));
    }
}
