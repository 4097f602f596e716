package dev.assay.config;

import java.util.List;
import java.util.stream.IntStream;

/// Reads `model_type` `qwen3`; defaults are those of HF's `Qwen3Config`.
final class Qwen3Reader {
    private Qwen3Reader() {}

    static Qwen3Config read(ConfigFields fields) {
        CommonKeys.account(fields);
        fields.onlyNull("quantization_config");
        int vocabSize = fields.integer("vocab_size", 151_936);
        int hiddenSize = fields.integer("hidden_size", 4096);
        int intermediateSize = fields.integer("intermediate_size", 22_016);
        int numHiddenLayers = CommonKeys.layers(fields, 32);
        int numAttentionHeads = fields.integer("num_attention_heads", 32);
        int numKeyValueHeads = CommonKeys.keyValueHeads(fields, 32, numAttentionHeads);
        int headDim = fields.integer("head_dim", 128);
        HiddenActivation hiddenAct = CommonKeys.activation(fields, "hidden_act", "silu");
        int maxPositionEmbeddings = fields.integer("max_position_embeddings", 32_768);
        double rmsNormEps = fields.number("rms_norm_eps", 1e-6);
        boolean tieWordEmbeddings = fields.flag("tie_word_embeddings", false);
        boolean attentionBias = fields.flag("attention_bias", false);
        RopeParameters ropeParameters = RopeReader.read(fields, 10_000, maxPositionEmbeddings);
        Integer slidingWindow = CommonKeys.switchedWindow(fields, 4096);
        // Named as if layers below it had the window; it is the layers from it on.
        int maxWindowLayers = fields.integer("max_window_layers", 28);
        List<AttentionType> given = CommonKeys.layerTypes(fields);
        List<AttentionType> layerTypes = given != null
                ? given
                : IntStream.range(0, numHiddenLayers)
                        .mapToObj(layer -> slidingWindow != null && layer >= maxWindowLayers
                                ? AttentionType.SLIDING
                                : AttentionType.FULL)
                        .toList();
        return fields.create(() -> new Qwen3Config(
                vocabSize,
                hiddenSize,
                intermediateSize,
                numHiddenLayers,
                numAttentionHeads,
                numKeyValueHeads,
                headDim,
                hiddenAct,
                maxPositionEmbeddings,
                rmsNormEps,
                tieWordEmbeddings,
                attentionBias,
                layerTypes,
                slidingWindow,
                ropeParameters));
    }
}
