package dev.assay.config;

import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;

/// Reads `model_type` `gemma3n_text`, alone or inside `gemma3n`; defaults are those of HF's `Gemma3nTextConfig`.
final class Gemma3nReader {
    private Gemma3nReader() {}

    static Gemma3nConfig read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        // The first two act only in training; scores are not scaled, whatever the third says.
        fields.inert(Set.of("altup_coef_clip", "altup_lr_multiplier", "query_pre_attn_scalar"));
        int vocabSizePerLayerInput = fields.integer("vocab_size_per_layer_input", 262_144);
        int hiddenSizePerLayerInput = fields.integer("hidden_size_per_layer_input", 256);
        int vocabSize = fields.integer("vocab_size", 262_400);
        int hiddenSize = fields.integer("hidden_size", 2048);
        int numHiddenLayers = CommonKeys.layers(fields, 35);
        int numAttentionHeads = fields.integer("num_attention_heads", 8);
        int numKeyValueHeads = fields.integer("num_key_value_heads", 2);
        int headDim = fields.integer("head_dim", 256);
        HiddenActivation hiddenActivation = CommonKeys.activation(fields, "hidden_activation", "gelu_pytorch_tanh");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 32_768);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", true);
        boolean attentionBias = fields.flag("attention_bias", false);
        List<Integer> intermediateSize = fields.integers("intermediate_size", 16_384, numHiddenLayers);
        List<Double> sparsity = fields.numbers("activation_sparsity_pattern");
        List<Double> activationSparsityPattern = sparsity != null ? sparsity : defaultSparsity(numHiddenLayers);
        int slidingWindow = fields.integer("sliding_window", 512);
        List<AttentionType> given = CommonKeys.layerTypes(fields);
        List<AttentionType> layerTypes = given != null
                ? given
                : CommonKeys.everyNth(numHiddenLayers, 5, AttentionType.FULL, AttentionType.SLIDING);
        int numKvSharedLayers = fields.integer("num_kv_shared_layers", 15);
        var rope = RopeReader.readPerLayerType(fields, 1_000_000, 10_000, maxPositionEmbeddings);
        double finalLogitSoftcapping = fields.number("final_logit_softcapping", 30);
        int altupNumInputs = fields.integer("altup_num_inputs", 4);
        int altupActiveIdx = fields.integer("altup_active_idx", 0);
        boolean altupCorrectScale = fields.flag("altup_correct_scale", true);
        int laurelRank = fields.integer("laurel_rank", 64);
        return fields.create(() -> new Gemma3nConfig(
                vocabSize,
                vocabSizePerLayerInput,
                hiddenSize,
                hiddenSizePerLayerInput,
                intermediateSize,
                activationSparsityPattern,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads,
                headDim,
                hiddenActivation,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                slidingWindow,
                layerTypes,
                numKvSharedLayers,
                rope.full(),
                rope.sliding(),
                finalLogitSoftcapping,
                altupNumInputs,
                altupActiveIdx,
                altupCorrectScale,
                laurelRank));
    }

    /// HF makes the first ten layers sparse, but none where there are no more than ten.
    private static List<Double> defaultSparsity(int layers) {
        int sparse = layers > 10 ? 10 : 0;
        return IntStream.range(0, layers)
                .mapToObj(layer -> layer < sparse ? 0.95 : 0.0)
                .toList();
    }
}
