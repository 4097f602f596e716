package dev.assay.checkpoint.gguf;

import dev.assay.config.DeepSeekV2Config;
import dev.assay.config.DeepSeekV3Config;
import dev.assay.config.HiddenActivation;
import dev.assay.config.MoeConfig;
import dev.assay.config.RopeParameters;
import dev.assay.config.TopkMethod;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// DeepSeek V2, V3, R1 and Kimi K2 as `deepseek2`: llama.cpp `conversion/deepseek.py`, `src/models/deepseek2.cpp`.
///
/// Engines run latent attention as attention with one KV head, whose key is the latent and the rotated part and whose
/// value is the latent again. So `kv_b_proj` is split by heads, `attn_k_b` transposed.
///
/// HF's norms of the latents add 1e-6 where engines add `rms_norm_eps` as everywhere. Where the two differ, the rows
/// that make the latents are multiplied by √(rms_norm_eps / 1e-6), which leaves the norm's output as it was:
/// s·x / √(mean (s·x)² + s²·ε) = x / √(mean x² + ε).
final class DeepSeekGguf {
    private static final double LATENT_EPS = 1e-6;

    /// Layers of the models by which engines know that queries have no latent: V2-Lite and those made after it.
    private static final List<Integer> LAYERS_OF_LITE = List.of(26, 27);

    /// llama.cpp's `llama_expert_gating_func_type`.
    private static final int SOFTMAX = 1;

    private static final int SIGMOID = 2;

    private final GgufBuilder file = new GgufBuilder("deepseek2");
    private final MoeConfig config;
    private final Attention attention;

    /// The sizes of latent attention.
    ///
    /// @param heads query heads
    /// @param queryLatent width of the query latent; null where queries are projected in one step
    /// @param latent width of the latent of keys and values
    /// @param kept width of the part of a query or key head that is not rotated
    /// @param rotated width of the rotated part
    /// @param value width of a value head
    /// @param latentScale what the rows that make latents are multiplied by
    /// @param interleaved whether HF rotates adjacent pairs, as engines do
    private record Attention(
            int heads,
            @Nullable Integer queryLatent,
            int latent,
            int kept,
            int rotated,
            int value,
            float latentScale,
            boolean interleaved) {}

    private DeepSeekGguf(MoeConfig config, Attention attention) {
        this.config = config;
        this.attention = attention;
    }

    static Gguf of(DeepSeekV2Config config) {
        var writer = new DeepSeekGguf(
                config,
                new Attention(
                        config.numAttentionHeads(),
                        config.qLoraRank(),
                        config.kvLoraRank(),
                        config.qkNopeHeadDim(),
                        config.qkRopeHeadDim(),
                        config.vHeadDim(),
                        latentScale(config.rmsNormEps()),
                        true));
        GgufBuilder file = writer.file;
        file.requireNoBias("mlp_bias", config.mlpBias());
        writer.general(config.intermediateSize(), config.rmsNormEps(), config.ropeParameters());
        writer.requirements(config.hiddenAct(), config.attentionBias());
        writer.experts(config.firstKDenseReplace(), config.routedScalingFactor(), SOFTMAX, false);
        switch (config.topkMethod()) {
            case TopkMethod.Greedy() -> {}
            case TopkMethod.GroupLimitedGreedy(int groups, int used) -> writer.groups(groups, used);
        }
        writer.tensors(config.intermediateSize(), config.firstKDenseReplace(), false);
        return file.build();
    }

    static Gguf of(DeepSeekV3Config config) {
        var writer = new DeepSeekGguf(
                config,
                new Attention(
                        config.numAttentionHeads(),
                        config.qLoraRank(),
                        config.kvLoraRank(),
                        config.qkNopeHeadDim(),
                        config.qkRopeHeadDim(),
                        config.vHeadDim(),
                        latentScale(config.rmsNormEps()),
                        config.ropeInterleave()));
        writer.general(config.intermediateSize(), config.rmsNormEps(), config.ropeParameters());
        writer.requirements(config.hiddenAct(), config.attentionBias());
        writer.experts(config.firstKDenseReplace(), config.routedScalingFactor(), SIGMOID, config.normTopkProb());
        writer.groups(config.nGroup(), config.topkGroup());
        writer.tensors(config.intermediateSize(), config.firstKDenseReplace(), true);
        return writer.file.build();
    }

    private static float latentScale(double eps) {
        return (float) Math.sqrt(eps / LATENT_EPS);
    }

    private void requirements(HiddenActivation activation, boolean attentionBias) {
        file.requireActivation(activation, HiddenActivation.SILU);
        file.requireNoBias("attention_bias", attentionBias);
        file.require(config.sharedExperts() > 0, "n_shared_experts: the architecture deepseek2 has at least one");
        file.require(
                (attention.queryLatent() == null) == LAYERS_OF_LITE.contains(config.numHiddenLayers()),
                "q_lora_rank: engines take none for " + LAYERS_OF_LITE
                        + " layers and some otherwise, the configuration has " + attention.queryLatent() + " for "
                        + config.numHiddenLayers());
    }

    private void general(int intermediate, double eps, RopeParameters rope) {
        file.sizes(config.vocabSize(), config.hiddenSize(), config.numHiddenLayers(), config.maxPositionEmbeddings());
        file.set("feed_forward_length", intermediate);
        file.set("attention.head_count", attention.heads());
        file.set("attention.head_count_kv", 1);
        file.set("attention.key_length", attention.latent() + attention.rotated());
        file.set("attention.value_length", attention.latent());
        file.set("attention.key_length_mla", attention.kept() + attention.rotated());
        file.set("attention.value_length_mla", attention.value());
        Integer queryLatent = attention.queryLatent();
        if (queryLatent != null) {
            file.set("attention.q_lora_rank", queryLatent);
        }
        file.set("attention.kv_lora_rank", attention.latent());
        file.set("attention.layer_norm_rms_epsilon", eps);
        switch (rope) {
            case RopeParameters.Yarn yarn -> yarn(yarn);
            case RopeParameters.Default _, RopeParameters.Linear _, RopeParameters.Llama3 _ ->
                file.rope(rope, attention.rotated());
        }
    }

    /// The architecture knows one mscale: cos and sin stay, the softmax scale is multiplied by its square.
    private void yarn(RopeParameters.Yarn yarn) {
        file.set("rope.dimension_count", attention.rotated());
        file.set("rope.freq_base", yarn.ropeTheta());
        file.yarn(yarn);
        Double mscale = yarn.mscaleAllDim();
        file.require(
                mscale != null && mscale.equals(yarn.mscale()) && yarn.attentionFactor() == null,
                "rope_parameters.mscale: no key; engines take mscale_all_dim for it");
        if (mscale != null) {
            // A tenth, for engines take it for the factor on the logarithm itself.
            file.set("rope.scaling.yarn_log_multiplier", 0.1 * mscale);
        }
    }

    private void experts(int leadingDense, double scale, int gating, boolean normalised) {
        file.set("leading_dense_block_count", leadingDense);
        file.set("expert_count", config.routedExperts());
        file.set("expert_used_count", config.numExpertsPerTok());
        file.set("expert_shared_count", config.sharedExperts());
        file.set("expert_feed_forward_length", config.moeIntermediateSize());
        file.set("expert_weights_scale", scale);
        file.set("expert_weights_norm", normalised);
        file.set("expert_gating_func", gating);
    }

    /// One group is no choice, and without the keys engines choose among all.
    private void groups(int groups, int used) {
        if (used < groups) {
            file.set("expert_group_count", groups);
            file.set("expert_group_used_count", used);
        }
    }

    private void tensors(int intermediate, int leadingDense, boolean correctionBias) {
        int hidden = config.hiddenSize();
        file.embedding(config.vocabSize(), hidden);
        for (int i = 0; i < config.numHiddenLayers(); i++) {
            String layer = "blk." + i;
            String published = "model.layers." + i;
            file.norm(layer + ".attn_norm", published + ".input_layernorm", hidden);
            attention(layer, published + ".self_attn");
            file.norm(layer + ".ffn_norm", published + ".post_attention_layernorm", hidden);
            if (i < leadingDense) {
                file.gatedMlp(layer, published + ".mlp", intermediate, hidden, false);
            } else {
                experts(layer, published + ".mlp", correctionBias);
            }
        }
        file.norm("output_norm", "model.norm", hidden);
        file.head(config.vocabSize(), hidden, config.tieWordEmbeddings());
    }

    private void experts(String layer, String published, boolean correctionBias) {
        int hidden = config.hiddenSize();
        int width = config.moeIntermediateSize();
        int shared = width * config.sharedExperts();
        file.experts(layer, published, config.routedExperts(), width, hidden);
        if (correctionBias) {
            file.vector(
                    layer + ".exp_probs_b.bias",
                    Source.of(published + ".gate.e_score_correction_bias", config.routedExperts()));
        }
        file.linear(layer + ".ffn_gate_shexp", published + ".shared_experts.gate_proj", shared, hidden);
        file.linear(layer + ".ffn_up_shexp", published + ".shared_experts.up_proj", shared, hidden);
        file.linear(layer + ".ffn_down_shexp", published + ".shared_experts.down_proj", hidden, shared);
    }

    private void attention(String layer, String published) {
        int hidden = config.hiddenSize();
        int heads = attention.heads();
        int latent = attention.latent();
        int queryHead = attention.kept() + attention.rotated();
        Integer queryLatent = attention.queryLatent();
        if (queryLatent == null) {
            Source query = Source.of(published + ".q_proj.weight", heads * queryHead, hidden);
            file.matrix(layer + ".attn_q.weight", adjacent(query, heads));
        } else {
            Source down = Source.of(published + ".q_a_proj.weight", queryLatent, hidden);
            file.matrix(layer + ".attn_q_a.weight", down.scaled(attention.latentScale(), queryLatent));
            file.norm(layer + ".attn_q_a_norm", published + ".q_a_layernorm", queryLatent);
            Source up = Source.of(published + ".q_b_proj.weight", heads * queryHead, queryLatent);
            file.matrix(layer + ".attn_q_b.weight", adjacent(up, heads));
        }
        Source down = Source.of(published + ".kv_a_proj_with_mqa.weight", latent + attention.rotated(), hidden);
        // As one head whose rotated part comes last.
        file.matrix(layer + ".attn_kv_a_mqa.weight", adjacent(down, 1).scaled(attention.latentScale(), latent));
        file.norm(layer + ".attn_kv_a_norm", published + ".kv_a_layernorm", latent);
        int kept = attention.kept();
        int width = kept + attention.value();
        Source up = Source.of(published + ".kv_b_proj.weight", heads * width, latent)
                .reshaped(heads, width, latent);
        file.matrix(layer + ".attn_k_b.weight", up.slice(0, kept).transposed());
        file.matrix(layer + ".attn_v_b.weight", up.slice(kept, width));
        file.linear(layer + ".attn_output", published + ".o_proj", hidden, heads * attention.value());
    }

    private Source adjacent(Source rows, int heads) {
        return attention.interleaved() ? rows : rows.interleaved(heads, attention.rotated());
    }
}
