package dev.assay.config;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Reads `model_type` `deepseek_v3` and `kimi_k2`; defaults are those of HF's `DeepseekV3Config`, of which Kimi
/// K2's own class is a copy.
final class DeepSeekV3Reader {
    private static final BlockSize DEFAULT_BLOCK = new BlockSize(128, 128);

    private DeepSeekV3Reader() {}

    static DeepSeekV3Config read(ConfigFields fields, Architecture architecture) {
        CommonKeys.account(fields);
        // Training losses and the layout of experts over devices.
        fields.inert(Set.of("aux_loss_alpha", "seq_aux", "ep_size"));
        fields.only("moe_layer_freq", 1);
        fields.only("scoring_func", "sigmoid");
        fields.only("topk_method", "noaux_tc");
        int numAttentionHeads = fields.integer("num_attention_heads", 128);
        int qkNopeHeadDim = fields.integer("qk_nope_head_dim", 128);
        int qkRopeHeadDim = fields.integer("qk_rope_head_dim", 64);
        CommonKeys.latentHeads(fields, 128, numAttentionHeads, qkNopeHeadDim, qkRopeHeadDim);
        int vocabSize = fields.integer("vocab_size", 129_280);
        int hiddenSize = fields.integer("hidden_size", 7168);
        int intermediateSize = fields.integer("intermediate_size", 18_432);
        int moeIntermediateSize = fields.integer("moe_intermediate_size", 2048);
        int numHiddenLayers = fields.integer("num_hidden_layers", 61);
        Integer qLoraRank = fields.integerOrNull("q_lora_rank", 1536);
        int kvLoraRank = fields.integer("kv_lora_rank", 512);
        int vHeadDim = fields.integer("v_head_dim", 128);
        int nRoutedExperts = fields.integer(fields.alias("n_routed_experts", "num_local_experts"), 256);
        int nSharedExperts = fields.integer("n_shared_experts", 1);
        int numExpertsPerTok = fields.integer("num_experts_per_tok", 8);
        int nGroup = fields.integer("n_group", 8);
        int topkGroup = fields.integer("topk_group", 4);
        boolean normTopkProb = fields.flag("norm_topk_prob", true);
        double routedScalingFactor = fields.number("routed_scaling_factor", 2.5);
        int firstKDenseReplace = fields.integer("first_k_dense_replace", 3);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 4096);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        boolean ropeInterleave = fields.flag("rope_interleave", true);
        int numNextnPredictLayers = fields.integer(fields.alias("num_nextn_predict_layers", "num_mtp_layers"), 1);
        BlockSize weightBlockSize = weightBlockSize(fields.object("quantization_config"));
        return fields.create(() -> new DeepSeekV3Config(
                architecture,
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
                nGroup,
                topkGroup,
                normTopkProb,
                routedScalingFactor,
                firstKDenseReplace,
                hiddenAct,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                ropeParameters,
                ropeInterleave,
                numNextnPredictLayers,
                weightBlockSize));
    }

    /// Block size of FP8 weights, from the keys of HF's `FineGrainedFP8Config`.
    private static @Nullable BlockSize weightBlockSize(@Nullable ConfigFields quantization) {
        if (quantization == null) {
            return null;
        }
        if (!quantization.has("quant_method")) {
            throw quantization.wrong("quant_method", "\"fp8\"");
        }
        quantization.only("quant_method", "fp8");
        quantization.only("fmt", "e4m3");
        quantization.only("activation_scheme", "dynamic");
        // How scales were rounded, and which matrices are not FP8: the checkpoint shows both.
        quantization.inert(Set.of("scale_fmt", "modules_to_not_convert"));
        var sizes = quantization.integers("weight_block_size");
        if (sizes == null) {
            return DEFAULT_BLOCK;
        }
        if (sizes.size() != 2) {
            throw quantization.wrong("weight_block_size", "rows and columns");
        }
        return quantization.create(() -> new BlockSize(sizes.get(0), sizes.get(1)));
    }
}
