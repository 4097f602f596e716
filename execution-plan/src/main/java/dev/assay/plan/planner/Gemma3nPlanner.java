package dev.assay.plan.planner;

import static java.lang.Math.multiplyExact;

import dev.assay.config.AttentionType;
import dev.assay.config.Gemma3nConfig;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.LayerExtra;
import dev.assay.plan.Norm;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Temperature;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightRef;
import java.util.List;
import java.util.stream.IntStream;

/// Gemma 3n: several residual streams, embeddings for each layer, a learned augmented residual, layers at the end
/// that use the keys and values of earlier ones, gates cut to their largest values, scores that are not scaled.
///
/// **Source.** transformers 5.18.0 `models/gemma3n/modeling_gemma3n.py`: `Gemma3nTextModel`,
/// `Gemma3nTextDecoderLayer`, `Gemma3nTextAltUp`, `Gemma3nTextLaurelBlock`, `Gemma3nTextAttention`,
/// `Gemma3nTextMLP`; AltUp is arXiv:2301.13310, Laurel arXiv:2411.07501. No paper describes the whole.
///
/// **Disagreements.** Gains are w here and 1 + w in Gemma 3. Hugging Face bounds final logits, DeepMind's code does
/// not: Hugging Face is followed. Published files hold key and value matrices of layers that share; nothing reads
/// them.
final class Gemma3nPlanner {
    /// `epsilon_tensor` of `Gemma3nTextModel.forward`: the least mean square that divides.
    private static final double SMALLEST_MEAN_SQUARE = 1e-5;

    private Gemma3nPlanner() {}

    static DecoderPlan plan(Gemma3nConfig config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        return new DecoderPlan(
                config.architecture(),
                config.vocabSize(),
                hidden,
                config.maxPositionEmbeddings(),
                Parts.embedding(config.vocabSize(), hidden, new Embedding.Scale.Constant(Math.sqrt(hidden))),
                perLayerEmbedding(config),
                new ResidualStream.AltUp(
                        config.altupNumInputs(),
                        config.altupActiveIdx(),
                        streams("model.altup_projections", config),
                        streams("model.altup_unembed_projections", config),
                        SMALLEST_MEAN_SQUARE),
                IntStream.range(0, config.numHiddenLayers())
                        .mapToObj(i -> layer(config, i))
                        .toList(),
                Parts.rms("model.norm", hidden, eps),
                Parts.head(
                        config.tieWordEmbeddings(),
                        config.vocabSize(),
                        hidden,
                        new OutputHead.Softcap.Tanh(config.finalLogitSoftcapping())),
                List.of(
                        "key and value matrices and norms of layers that share another's",
                        "vision and audio towers with their embeddings"));
    }

    private static PerLayerEmbedding perLayerEmbedding(Gemma3nConfig config) {
        int hidden = config.hiddenSize();
        int width = config.hiddenSizePerLayerInput();
        int all = multiplyExact(config.numHiddenLayers(), width);
        return new PerLayerEmbedding.TableAndProjection(
                Parts.matrix("model.embed_tokens_per_layer", config.vocabSizePerLayerInput(), all),
                width,
                Math.sqrt(width),
                Parts.matrix("model.per_layer_model_projection", all, hidden),
                1 / Math.sqrt(hidden),
                Parts.rms("model.per_layer_projection_norm", width, config.rmsNormEps()),
                Math.sqrt(0.5));
    }

    /// One matrix for each stream but the first.
    private static List<WeightRef> streams(String module, Gemma3nConfig config) {
        return IntStream.range(0, config.altupNumInputs() - 1)
                .mapToObj(i -> Parts.matrix(module + "." + i, config.hiddenSize(), config.hiddenSize()))
                .toList();
    }

    private static Layer layer(Gemma3nConfig config, int index) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        double sparsity = config.activationSparsityPattern().get(index);
        return new Layer(
                Parts.layer(index),
                new NormPlacement.BeforeAndAfter(
                        Parts.rms("input_layernorm", hidden, eps), Parts.rms("post_attention_layernorm", hidden, eps)),
                attention(config, index),
                new NormPlacement.BeforeAndAfter(
                        Parts.rms("pre_feedforward_layernorm", hidden, eps),
                        Parts.rms("post_feedforward_layernorm", hidden, eps)),
                Parts.mlp(
                        "mlp",
                        config.intermediateSize().get(index),
                        hidden,
                        config.hiddenActivation(),
                        false,
                        sparsity == 0
                                ? new GatedMlp.Sparsity.None()
                                : GatedMlp.Sparsity.GaussianTopK.cutting(sparsity)),
                extras(config));
    }

    private static List<LayerExtra> extras(Gemma3nConfig config) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        int streams = config.altupNumInputs();
        VectorRef correctedScale = VectorRef.of("altup.correct_output_scale", hidden);
        return List.of(
                new LayerExtra.AltUpStep(
                        Parts.matrix("altup.modality_router", streams, hidden),
                        Parts.rms("altup.router_norm", hidden, eps),
                        1.0 / hidden,
                        Parts.matrix("altup.prediction_coefs", multiplyExact(streams, streams), streams),
                        Parts.matrix("altup.correction_coefs", streams, streams),
                        config.altupCorrectScale()
                                ? new LayerExtra.CorrectedScale.Multiplied(correctedScale)
                                : new LayerExtra.CorrectedScale.Ignored(correctedScale)),
                new LayerExtra.Laurel(
                        Parts.matrix("laurel.linear_left", config.laurelRank(), hidden),
                        Parts.matrix("laurel.linear_right", hidden, config.laurelRank()),
                        Parts.rms("laurel.post_laurel_norm", hidden, eps),
                        Math.sqrt(0.5)),
                new LayerExtra.PerLayerInput(
                        Parts.matrix("per_layer_input_gate", config.hiddenSizePerLayerInput(), hidden),
                        config.hiddenActivation(),
                        Parts.matrix("per_layer_projection", hidden, config.hiddenSizePerLayerInput()),
                        Parts.rms("post_per_layer_input_norm", hidden, eps)));
    }

    private static GroupedQueryAttention attention(Gemma3nConfig config, int index) {
        int hidden = config.hiddenSize();
        double eps = config.rmsNormEps();
        int headDim = config.headDim();
        int queries = Parts.width(config.numAttentionHeads(), headDim);
        int keys = Parts.width(config.numKeyValueHeads(), headDim);
        boolean bias = config.attentionBias();
        AttentionType type = config.layerTypes().get(index);
        Span span = Span.of(
                type, config.slidingWindow(), config.fullRopeParameters(), config.slidingRopeParameters(), headDim);
        int owners = config.numHiddenLayers() - config.numKvSharedLayers();
        boolean own = index < owners;
        Norm queryNorm = Parts.rms("self_attn.q_norm", headDim, eps);
        return new GroupedQueryAttention(
                config.numAttentionHeads(),
                config.numKeyValueHeads(),
                headDim,
                Parts.linear("self_attn.q_proj", queries, hidden, bias),
                own
                        ? new GroupedQueryAttention.KeyValueSource.Own(
                                Parts.linear("self_attn.k_proj", keys, hidden, bias),
                                Parts.linear("self_attn.v_proj", keys, hidden, bias),
                                new GroupedQueryAttention.ValueNorm.PerHead(new Norm.RmsUnweighted(headDim, eps)))
                        // The last layer of this type that has its own.
                        : new GroupedQueryAttention.KeyValueSource.SharedWith(
                                config.layerTypes().subList(0, owners).lastIndexOf(type)),
                own
                        ? new QkNorm.PerHead(queryNorm, Parts.rms("self_attn.k_norm", headDim, eps))
                        : new QkNorm.PerHeadQueriesOnly(queryNorm),
                span.rotary(),
                new Temperature.None(),
                span.mask(),
                1,
                Parts.linear("self_attn.o_proj", hidden, queries, bias));
    }
}
