package dev.assay.config;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// Reads `model_type` `llama4_text`, alone or inside `llama4`; defaults are those of HF's `Llama4TextConfig`.
final class Llama4Reader {
    private Llama4Reader() {}

    static Llama4Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        // The router's jitter, loss and logits matter in training only.
        fields.inert(Set.of("output_router_logits", "router_aux_loss_coef", "router_jitter_noise"));
        fields.only("for_llm_compressor", false);
        int vocabSize = fields.integer("vocab_size", 202_048);
        int hiddenSize = fields.integer("hidden_size", 5120);
        int intermediateSize = fields.integer("intermediate_size", 8192);
        int numHiddenLayers = CommonKeys.layers(fields, 48);
        int numAttentionHeads = fields.integer("num_attention_heads", 40);
        int numKeyValueHeads = CommonKeys.keyValueHeads(fields, 8, numAttentionHeads);
        int headDim = CommonKeys.headDim(fields, 128, hiddenSize, numAttentionHeads);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 131_072);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-5);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 500_000, maxPositionEmbeddings);
        int intermediateSizeMlp = fields.integer("intermediate_size_mlp", 16_384);
        int numLocalExperts = fields.integer("num_local_experts", 16);
        int numExpertsPerTok = fields.integer("num_experts_per_tok", 1);
        int step = fields.positive("interleave_moe_layer_step", 1);
        List<Integer> givenMoe = fields.integers("moe_layers");
        List<Integer> moeLayers = givenMoe != null
                ? givenMoe
                : IntStream.range(0, numHiddenLayers)
                        .filter(layer -> (layer + 1) % step == 0)
                        .boxed()
                        .toList();
        boolean useQkNorm = fields.flag("use_qk_norm", true);
        // Published files leave the list empty, by which HF means the default.
        List<Integer> givenNoRope = fields.integers("no_rope_layers");
        List<PositionEncoding> positionEncodings = CommonKeys.positionEncodings(
                fields, givenNoRope == null || givenNoRope.isEmpty() ? null : givenNoRope, numHiddenLayers);
        List<AttentionType> givenTypes = CommonKeys.layerTypes(fields);
        List<AttentionType> layerTypes = givenTypes != null
                ? givenTypes
                : positionEncodings.stream().map(Llama4Reader::attention).toList();
        int attentionChunkSize = fields.integer("attention_chunk_size", 8192);
        boolean attnTemperatureTuning = fields.flag("attn_temperature_tuning", true);
        int floorScale = fields.integer("floor_scale", 8192);
        double attnScale = fields.number("attn_scale", 0.1);
        return fields.create(() -> new Llama4Config(
                vocabSize,
                hiddenSize,
                intermediateSize,
                intermediateSizeMlp,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads,
                headDim,
                numLocalExperts,
                numExpertsPerTok,
                moeLayers,
                hiddenAct,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                useQkNorm,
                layerTypes,
                attentionChunkSize,
                positionEncodings,
                ropeParameters,
                attnTemperatureTuning,
                floorScale,
                attnScale));
    }

    /// Unless the file says otherwise, layers without RoPE are the ones that see everything.
    private static AttentionType attention(PositionEncoding encoding) {
        return switch (encoding) {
            case ROPE -> AttentionType.CHUNKED;
            case NOPE -> AttentionType.FULL;
        };
    }
}
