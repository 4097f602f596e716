package dev.assay.plan.planner;

import dev.assay.config.Llama3Config;
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

/// Llama 3: norms before, grouped-query attention over all positions, SwiGLU.
///
/// **Source.** arXiv:2407.21783, section 3.2; transformers 5.18.0 `models/llama/modeling_llama.py`:
/// `LlamaAttention`, `LlamaMLP`, `LlamaDecoderLayer`. Rotary is half-split because published files hold Meta's query
/// and key matrices with their rows reordered for it.
final class Llama3Planner {
    private Llama3Planner() {}

    static DecoderPlan plan(Llama3Config config) {
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
                new QkNorm.None(),
                Rotary.halfSplit(config.ropeParameters(), config.headDim()),
                new Temperature.None(),
                new Mask.Causal(),
                1 / Math.sqrt(config.headDim()),
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
        var mlp = Parts.mlp("mlp", config.intermediateSize(), hidden, config.hiddenAct(), config.mlpBias());
        var attentionNorm = new NormPlacement.Before(Parts.rms("input_layernorm", hidden, eps));
        // Named after where it stands, it belongs to the MLP.
        var mlpNorm = new NormPlacement.Before(Parts.rms("post_attention_layernorm", hidden, eps));
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
