package dev.assay.plan.planner;

import static java.lang.Math.multiplyExact;

import dev.assay.config.Gpt2Config;
import dev.assay.plan.Bias;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Linear;
import dev.assay.plan.Mask;
import dev.assay.plan.Norm;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.PlainMlp;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Rotary;
import dev.assay.plan.Temperature;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightLayout;
import dev.assay.plan.WeightRef;
import java.util.List;
import java.util.stream.IntStream;

/// GPT-2: learned positions, LayerNorm before, an MLP without a gate, biases everywhere but in the head.
///
/// **Source.** "Language Models are Unsupervised Multitask Learners", section 2.3; openai/gpt-2 `src/model.py`;
/// transformers 5.18.0 `models/gpt2/modeling_gpt2.py`: `GPT2Attention`, `GPT2MLP`, `GPT2Block`. `Conv1D` of
/// `pytorch_utils.py` holds matrices as `[inputs][outputs]`; `c_attn` holds query, key and value one after the
/// other.
final class Gpt2Planner {
    private Gpt2Planner() {}

    static DecoderPlan plan(Gpt2Config config) {
        int hidden = config.hiddenSize();
        double eps = config.layerNormEpsilon();
        int intermediate = config.intermediateSize();
        var mlp = new PlainMlp(
                intermediate,
                config.activationFunction(),
                part("mlp.c_fc", intermediate, hidden, intermediate, 0),
                part("mlp.c_proj", hidden, intermediate, hidden, 0));
        var attentionNorm = new NormPlacement.Before(norm("ln_1", hidden, eps));
        var mlpNorm = new NormPlacement.Before(norm("ln_2", hidden, eps));
        return new DecoderPlan(
                config.architecture(),
                config.vocabSize(),
                hidden,
                config.maxPositionEmbeddings(),
                new Embedding(
                        Parts.matrix("wte", config.vocabSize(), hidden),
                        new Embedding.Scale.None(),
                        new Embedding.Positions.Learned(Parts.matrix("wpe", config.maxPositionEmbeddings(), hidden))),
                new PerLayerEmbedding.None(),
                new ResidualStream.Single(),
                IntStream.range(0, config.numHiddenLayers())
                        .mapToObj(i ->
                                new Layer("h." + i + ".", attentionNorm, attention(config, i), mlpNorm, mlp, List.of()))
                        .toList(),
                norm("ln_f", hidden, eps),
                Parts.head(config.tieWordEmbeddings(), config.vocabSize(), hidden, new OutputHead.Softcap.None()),
                List.of("attn.bias, the causal mask"));
    }

    private static GroupedQueryAttention attention(Gpt2Config config, int layer) {
        int hidden = config.hiddenSize();
        int heads = config.numAttentionHeads();
        int headDim = hidden / heads;
        int all = multiplyExact(3, hidden);
        return new GroupedQueryAttention(
                heads,
                heads,
                headDim,
                part("attn.c_attn", hidden, hidden, all, 0),
                new GroupedQueryAttention.KeyValueSource.Own(
                        part("attn.c_attn", hidden, hidden, all, hidden),
                        part("attn.c_attn", hidden, hidden, all, multiplyExact(2, hidden)),
                        new GroupedQueryAttention.ValueNorm.None()),
                new QkNorm.None(),
                new Rotary.None(),
                new Temperature.None(),
                new Mask.Causal(),
                scale(config, layer),
                part("attn.c_proj", hidden, hidden, hidden, 0));
    }

    /// The factor on scores, of which each part can be switched off or on.
    private static double scale(Gpt2Config config, int layer) {
        int headDim = config.hiddenSize() / config.numAttentionHeads();
        double width = config.scaleAttnWeights() ? Math.sqrt(headDim) : 1;
        return 1 / (width * (config.scaleAttnByInverseLayerIdx() ? layer + 1 : 1));
    }

    /// The outputs from `first` on of a `Conv1D` that has `stored` of them.
    private static Linear part(String module, int outputs, int inputs, int stored, int first) {
        return new Linear(
                new WeightRef(module + ".weight", outputs, inputs, new WeightLayout.ColumnsFirst(stored, first)),
                new Bias.Added(new VectorRef(module + ".bias", outputs, stored, first)));
    }

    private static Norm norm(String module, int size, double eps) {
        return new Norm.LayerNorm(VectorRef.of(module + ".weight", size), VectorRef.of(module + ".bias", size), eps);
    }
}
