package dev.assay.plan.planner;

import dev.assay.config.Olmo2Config;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.Mask;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Rotary;
import dev.assay.plan.Temperature;
import java.util.List;
import java.util.stream.IntStream;

/// OLMo 2: norms after attention and MLP and none before, QK-norm over whole projections.
///
/// **Source.** arXiv:2501.00656, section 2.1; transformers 5.18.0 `models/olmo2/modeling_olmo2.py`: `Olmo2Attention`
/// normalises what `q_proj` and `k_proj` return before it splits heads, with `heads · head_dim` weights each;
/// `Olmo2DecoderLayer` has no norm before either sub-block.
final class Olmo2Planner {
    private Olmo2Planner() {}

    static DecoderPlan plan(Olmo2Config config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        int queries = Parts.width(config.numAttentionHeads(), config.headDim());
        int keys = Parts.width(config.numKeyValueHeads(), config.headDim());
        boolean bias = config.attentionBias();
        var attention = new GroupedQueryAttention(
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                config.headDim(),
                Parts.linear("self_attn.q_proj", queries, hidden, bias),
                new GroupedQueryAttention.KeyValueSource.Own(
                        Parts.linear("self_attn.k_proj", keys, hidden, bias),
                        Parts.linear("self_attn.v_proj", keys, hidden, bias),
                        new GroupedQueryAttention.ValueNorm.None()),
                new QkNorm.WholeProjection(
                        Parts.rms("self_attn.q_norm", queries, eps), Parts.rms("self_attn.k_norm", keys, eps)),
                Rotary.halfSplit(config.ropeParameters(), config.headDim()),
                new Temperature.None(),
                new Mask.Causal(),
                1 / Math.sqrt(config.headDim()),
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
        var mlp = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenAct(), false);
        // The same name as Llama's, which is before the MLP; here it is what it says.
        var attentionNorm = new NormPlacement.After(Parts.rms("post_attention_layernorm", hidden, eps));
        var mlpNorm = new NormPlacement.After(Parts.rms("post_feedforward_layernorm", hidden, eps));
        return new DecoderPlan(
                config.architecture(),
                config.vocabSize(),
                hidden,
                config.maxPositionEmbeddings(),
                Parts.embedding(config.vocabSize(), hidden, new Embedding.Scale.None()),
                new PerLayerEmbedding.None(),
                new ResidualStream.Single(),
                IntStream.range(0, config.numHiddenLayers())
                        .mapToObj(i -> new Layer(Parts.layer(i), attentionNorm, attention, mlpNorm, mlp, List.of()))
                        .toList(),
                Parts.rms("model.norm", hidden, eps),
                Parts.head(config.tieWordEmbeddings(), config.vocabSize(), hidden, new OutputHead.Softcap.None()),
                List.of());
    }
}
