package dev.assay.config;

import java.util.Set;

/// Reads `model_type` `deepseek_v2`; defaults are those of HF's `DeepseekV2Config`.
final class DeepSeekV2Reader {
    private DeepSeekV2Reader() {}

    static DeepSeekV2Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        // Training losses and the layout of experts over devices.
        fields.inert(Set.of("aux_loss_alpha", "seq_aux", "ep_size"));
        fields.only("moe_layer_freq", 1);
        fields.only("scoring_func", "softmax");
        // HF never makes the weights sum to 1, whatever this key says; DeepSeek's own code would.
        fields.onlyOff("norm_topk_prob");
        int numAttentionHeads = fields.integer("num_attention_heads", 32);
        int qkNopeHeadDim = fields.integer("qk_nope_head_dim", 128);
        int qkRopeHeadDim = fields.integer("qk_rope_head_dim", 64);
        CommonKeys.latentHeads(fields, null, numAttentionHeads, qkNopeHeadDim, qkRopeHeadDim);
        int vocabSize = fields.integer("vocab_size", 102_400);
        int hiddenSize = fields.integer("hidden_size", 4096);
        int intermediateSize = fields.integer("intermediate_size", 11_008);
        int moeIntermediateSize = fields.integer("moe_intermediate_size", 1407);
        int numHiddenLayers = CommonKeys.layers(fields, 32);
        Integer qLoraRank = fields.integerOrNull("q_lora_rank", 1536);
        int kvLoraRank = fields.integer("kv_lora_rank", 512);
        int vHeadDim = fields.integer("v_head_dim", 128);
        int nRoutedExperts = fields.integer(fields.alias("n_routed_experts", "num_experts"), 64);
        int nSharedExperts = fields.integer("n_shared_experts", 2);
        int numExpertsPerTok = fields.integer("num_experts_per_tok");
        TopkMethod topkMethod = topkMethod(fields);
        double routedScalingFactor = fields.number("routed_scaling_factor", 1);
        int firstKDenseReplace = fields.integer("first_k_dense_replace", 0);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 2048);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        boolean mlpBias = fields.flag("mlp_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        return fields.create(() -> new DeepSeekV2Config(
                vocabSize,
                hiddenSize,
                intermediateSize,
                moeIntermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                qLoraRank,
                kvLoraRank,
                qkNopeHeadDim,
                qkRopeHeadDim,
                vHeadDim,
                nRoutedExperts,
                nSharedExperts,
                numExpertsPerTok,
                topkMethod,
                routedScalingFactor,
                firstKDenseReplace,
                hiddenAct,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                mlpBias,
                ropeParameters));
    }

    private static TopkMethod topkMethod(ConfigFields fields) {
        return switch (fields.text("topk_method", "greedy")) {
            case "greedy" -> {
                // Published files give the groups all the same.
                fields.inert(Set.of("n_group", "topk_group"));
                yield new TopkMethod.Greedy();
            }
            case "group_limited_greedy" ->
                new TopkMethod.GroupLimitedGreedy(fields.integer("n_group"), fields.integer("topk_group"));
            default -> throw fields.wrong("topk_method", "greedy or group_limited_greedy: no other is modelled");
        };
    }
}
