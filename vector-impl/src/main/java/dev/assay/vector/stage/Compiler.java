package dev.assay.vector.stage;

import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.engine.UnsupportedModelException;
import dev.assay.plan.Bias;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.GroupedQueryAttention.KeyValueSource;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.LayerExtra;
import dev.assay.plan.Linear;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.Norm;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.PlainMlp;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import dev.assay.plan.Temperature;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightRef;
import dev.assay.vector.weight.WeightMatrix;
import dev.assay.vector.weight.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// From a plan to a [Program]: an exhaustive `switch` for every sealed record of the plan, in the order of the
/// computation.
public final class Compiler {
    private final DecoderPlan plan;
    private final Weights weights;
    private final int hiddenSize;
    private final Layout layout = new Layout();
    private final List<Stage> stages = new ArrayList<>();
    private final Decisions decisions = new Decisions();

    private Compiler(DecoderPlan plan, Weights weights) {
        this.plan = plan;
        this.weights = weights;
        this.hiddenSize = plan.hiddenSize();
    }

    /// Compiles a plan.
    ///
    /// @throws UnsupportedModelException if a weight has a type without a kernel
    public static Program compile(DecoderPlan plan, Weights weights) {
        return new Compiler(plan, weights).compile();
    }

    private Program compile() {
        layout.needs(Buffer.HIDDEN, hiddenSize);
        layout.needs(Buffer.INPUT, hiddenSize);
        layout.needs(Buffer.RESULT, hiddenSize);
        WeightMatrix table = weights.matrix("", plan.embedding().table());
        embed(table);
        perLayerEmbedding();
        openStream();
        for (int i = 0; i < plan.layers().size(); i++) {
            layer(i, plan.layers().get(i));
        }
        closeStream();
        normalise(plan.finalNorm(), "", Buffer.HIDDEN, Buffer.INPUT);
        tap(Tap.HIDDEN, plan.layers().size(), Buffer.INPUT, hiddenSize);
        Head head = head(table);
        layout.needsOperand(weights.widest());
        return new Program(plan, stages, head, layout, decisions.sentences());
    }

    private void embed(WeightMatrix table) {
        double scale = switch (plan.embedding().scale()) {
            case Embedding.Scale.None _ -> 1;
            case Embedding.Scale.Constant(double factor) -> factor;
        };
        Optional<WeightMatrix> positions = switch (plan.embedding().positions()) {
            case Embedding.Positions.None _ -> Optional.empty();
            case Embedding.Positions.Learned(WeightRef rows) -> Optional.of(weights.matrix("", rows));
        };
        stages.add(new EmbeddingStage(table, scale, positions));
    }

    private void perLayerEmbedding() {
        switch (plan.perLayerEmbedding()) {
            case PerLayerEmbedding.None _ -> {}
            case PerLayerEmbedding.TableAndProjection perLayer -> {
                linear("", Buffer.HIDDEN, perLayer.projection(), Buffer.PER_LAYER);
                stages.add(new PerLayerStages.Combine(
                        perLayer, weights.matrix("", perLayer.table()), RowNorm.of(perLayer.norm(), "", weights)));
            }
        }
    }

    private void openStream() {
        switch (plan.residualStream()) {
            case ResidualStream.Single _ -> {}
            case ResidualStream.AltUp altUp -> {
                layout.needs(Buffer.STREAMS, Math.multiplyExact(altUp.streams(), hiddenSize));
                layout.needs(Buffer.PREDICTIONS, Math.multiplyExact(altUp.streams(), hiddenSize));
                stages.add(new AltUpStages.CopyInto(Buffer.HIDDEN, 0, hiddenSize));
                for (int n = 1; n < altUp.streams(); n++) {
                    linear("", Buffer.HIDDEN, altUp.projections().get(n - 1), Buffer.RESULT);
                    stages.add(new AltUpStages.MatchMagnitude(altUp, hiddenSize));
                    stages.add(new AltUpStages.CopyInto(Buffer.RESULT, n, hiddenSize));
                }
            }
        }
    }

    private void closeStream() {
        switch (plan.residualStream()) {
            case ResidualStream.Single _ -> {}
            case ResidualStream.AltUp altUp -> {
                double share = 1.0 / altUp.streams();
                stages.add(new AltUpStages.CopyFrom(Buffer.STREAMS, 0, Buffer.HIDDEN, hiddenSize));
                stages.add(new TokenStages.Scale(Buffer.HIDDEN, share, hiddenSize));
                for (int n = 1; n < altUp.streams(); n++) {
                    stages.add(new AltUpStages.CopyFrom(Buffer.STREAMS, n, Buffer.INPUT, hiddenSize));
                    linear("", Buffer.INPUT, altUp.unembeddings().get(n - 1), Buffer.RESULT);
                    stages.add(new AltUpStages.MatchMagnitude(altUp, hiddenSize));
                    stages.add(new AltUpStages.AddShare(share, hiddenSize));
                }
            }
        }
    }

    private Head head(WeightMatrix table) {
        return switch (plan.head()) {
            case OutputHead.Tied(OutputHead.Softcap softcap) -> new Head(table, softcap);
            case OutputHead.Untied(WeightRef weight, OutputHead.Softcap softcap) ->
                new Head(weights.matrix("", weight), softcap);
        };
    }

    // ------------------------------------------------------------------------------------------------------- layers

    private void layer(int index, Layer layer) {
        String prefix = layer.tensorPrefix();
        beforeLayer(index, layer);

        Buffer input = before(layer.attentionNorms(), prefix);
        tap(Tap.ATTENTION_INPUT, index, input, hiddenSize);
        laurel(layer, input);
        switch (layer.mixer()) {
            case GroupedQueryAttention attention -> attention(index, prefix, input, attention);
            case LatentAttention attention -> attention(index, prefix, input, attention);
        }
        int contextWidth = layer.mixer().output().inputs();
        tap(Tap.CONTEXT, index, Buffer.CONTEXT, contextWidth);
        linear(prefix, Buffer.CONTEXT, layer.mixer().output(), Buffer.RESULT);
        tap(Tap.ATTENTION, index, Buffer.RESULT, hiddenSize);
        after(layer.attentionNorms(), prefix);
        addLaurel(layer);

        input = before(layer.feedForwardNorms(), prefix);
        tap(Tap.FEED_FORWARD_INPUT, index, input, hiddenSize);
        switch (layer.feedForward()) {
            case GatedMlp mlp -> stages.addAll(gated(prefix, mlp, input, Buffer.RESULT));
            case PlainMlp mlp -> plain(prefix, mlp, input);
            case MixtureOfExperts experts -> experts(index, prefix, experts, input);
        }
        tap(Tap.FEED_FORWARD, index, Buffer.RESULT, hiddenSize);
        after(layer.feedForwardNorms(), prefix);

        afterLayer(index, layer);
    }

    /// With several streams, predicts them and activates one.
    private void beforeLayer(int index, Layer layer) {
        switch (plan.residualStream()) {
            case ResidualStream.Single _ -> tap(Tap.HIDDEN, index, Buffer.HIDDEN, hiddenSize);
            case ResidualStream.AltUp altUp -> {
                LayerExtra.AltUpStep step =
                        extra(layer, LayerExtra.AltUpStep.class).orElseThrow();
                stages.add(new AltUpStages.CopyFrom(Buffer.STREAMS, altUp.active(), Buffer.HIDDEN, hiddenSize));
                tap(Tap.HIDDEN, index, Buffer.HIDDEN, hiddenSize);
                coefficients(layer.tensorPrefix(), step, step.prediction());
                stages.add(new AltUpStages.Predict(altUp.streams(), hiddenSize));
                stages.add(new AltUpStages.CopyFrom(Buffer.PREDICTIONS, altUp.active(), Buffer.HIDDEN, hiddenSize));
            }
        }
    }

    private void afterLayer(int index, Layer layer) {
        String prefix = layer.tensorPrefix();
        switch (plan.residualStream()) {
            case ResidualStream.Single _ -> {}
            case ResidualStream.AltUp altUp -> {
                LayerExtra.AltUpStep step =
                        extra(layer, LayerExtra.AltUpStep.class).orElseThrow();
                coefficients(prefix, step, step.correction());
                stages.add(new AltUpStages.Correct(
                        altUp,
                        hiddenSize,
                        step.correctedScale(),
                        weights.vector(prefix, step.correctedScale().weight())));
                extra(layer, LayerExtra.PerLayerInput.class).ifPresent(input -> {
                    int width = input.gate().rows();
                    linear(prefix, Buffer.RESULT, input.gate(), Buffer.PER_LAYER_GATE);
                    stages.add(new PerLayerStages.Gate(
                            input.activation(),
                            index,
                            width,
                            width * plan.layers().size()));
                    linear(prefix, Buffer.PER_LAYER_GATE, input.projection(), Buffer.RESULT);
                    normalise(input.norm(), prefix, Buffer.RESULT, Buffer.RESULT);
                    stages.add(new AltUpStages.AddToOthers(altUp.streams(), hiddenSize));
                });
            }
        }
    }

    /// From HIDDEN to the coefficients of a prediction or a correction.
    private void coefficients(String prefix, LayerExtra.AltUpStep step, WeightRef weight) {
        normalise(step.routerNorm(), prefix, Buffer.HIDDEN, Buffer.INPUT);
        stages.add(new TokenStages.Scale(Buffer.INPUT, step.routerScale(), hiddenSize));
        linear(prefix, Buffer.INPUT, step.router(), Buffer.MODALITIES);
        stages.add(new AltUpStages.Modalities(step.router().rows()));
        linear(prefix, Buffer.MODALITIES, weight, Buffer.COEFFICIENTS);
    }

    private void laurel(Layer layer, Buffer input) {
        extra(layer, LayerExtra.Laurel.class).ifPresent(laurel -> {
            String prefix = layer.tensorPrefix();
            linear(prefix, input, laurel.left(), Buffer.LAUREL_LATENT);
            linear(prefix, Buffer.LAUREL_LATENT, laurel.right(), Buffer.LAUREL);
            normalise(laurel.norm(), prefix, Buffer.LAUREL, Buffer.LAUREL);
            stages.add(new TokenStages.Add(input, Buffer.LAUREL, hiddenSize));
        });
    }

    private void addLaurel(Layer layer) {
        extra(layer, LayerExtra.Laurel.class).ifPresent(laurel -> {
            stages.add(new TokenStages.Add(Buffer.LAUREL, Buffer.HIDDEN, hiddenSize));
            stages.add(new TokenStages.Scale(Buffer.HIDDEN, laurel.sumScale(), hiddenSize));
        });
    }

    private static <E extends LayerExtra> Optional<E> extra(Layer layer, Class<E> kind) {
        return layer.extras().stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /// The norm before a sub-block; returns where the sub-block finds its input.
    private Buffer before(NormPlacement placement, String prefix) {
        return switch (placement) {
            case NormPlacement.Before(Norm norm) -> {
                normalise(norm, prefix, Buffer.HIDDEN, Buffer.INPUT);
                yield Buffer.INPUT;
            }
            case NormPlacement.After _ -> Buffer.HIDDEN;
            case NormPlacement.BeforeAndAfter(Norm norm, Norm _) -> {
                normalise(norm, prefix, Buffer.HIDDEN, Buffer.INPUT);
                yield Buffer.INPUT;
            }
        };
    }

    /// The norm after a sub-block, and the residual.
    private void after(NormPlacement placement, String prefix) {
        switch (placement) {
            case NormPlacement.Before _ -> {}
            case NormPlacement.After(Norm norm) -> normalise(norm, prefix, Buffer.RESULT, Buffer.RESULT);
            case NormPlacement.BeforeAndAfter(Norm _, Norm norm) ->
                normalise(norm, prefix, Buffer.RESULT, Buffer.RESULT);
        }
        stages.add(new TokenStages.Add(Buffer.RESULT, Buffer.HIDDEN, hiddenSize));
    }

    // ---------------------------------------------------------------------------------------------------- attention

    private void attention(int index, String prefix, Buffer input, GroupedQueryAttention attention) {
        int headDim = attention.headDim();
        int group = attention.queryHeads() / attention.kvHeads();
        layout.needsAttention(headDim, headDim, group);
        layout.needs(Buffer.CONTEXT, attention.queryHeads() * headDim);
        List<RowTransform> queries = new ArrayList<>();
        List<RowTransform> keys = new ArrayList<>();
        List<RowTransform> values = new ArrayList<>();
        List<LinearStage.Projection> projections = new ArrayList<>();
        projections.add(projection(prefix, attention.query(), Buffer.QUERY));
        int cachedHeads = switch (attention.keyValue()) {
            case KeyValueSource.Own(Linear key, Linear value, GroupedQueryAttention.ValueNorm valueNorm) -> {
                projections.add(projection(prefix, key, Buffer.KEY));
                projections.add(projection(prefix, value, Buffer.VALUE));
                switch (valueNorm) {
                    case GroupedQueryAttention.ValueNorm.None _ -> {}
                    case GroupedQueryAttention.ValueNorm.PerHead(Norm norm) ->
                        values.add(new RowTransform.Normalise(RowNorm.of(norm, prefix, weights)));
                }
                yield attention.kvHeads();
            }
            case KeyValueSource.SharedWith _ -> 0;
        };
        switch (attention.qkNorm()) {
            case QkNorm.None _, QkNorm.UnweightedAfterRotary _ -> {}
            case QkNorm.PerHead(Norm ofQueries, Norm ofKeys) -> {
                queries.add(new RowTransform.Normalise(RowNorm.of(ofQueries, prefix, weights)));
                keys.add(new RowTransform.Normalise(RowNorm.of(ofKeys, prefix, weights)));
            }
            case QkNorm.PerHeadQueriesOnly(Norm ofQueries) ->
                queries.add(new RowTransform.Normalise(RowNorm.of(ofQueries, prefix, weights)));
            case QkNorm.WholeProjection(Norm ofQueries, Norm ofKeys) -> {
                queries.add(new RowTransform.Normalise(RowNorm.of(ofQueries, prefix, weights)));
                keys.add(new RowTransform.Normalise(RowNorm.of(ofKeys, prefix, weights)));
            }
        }
        List<RowTransform> rotation = rotation(attention.rotary(), headDim);
        queries.addAll(rotation);
        keys.addAll(rotation);
        switch (attention.qkNorm()) {
            case QkNorm.UnweightedAfterRotary(Norm.RmsUnweighted norm) -> {
                RowTransform normalise = new RowTransform.Normalise(RowNorm.of(norm, prefix, weights));
                queries.add(normalise);
                keys.add(normalise);
            }
            case QkNorm.None _, QkNorm.PerHead _, QkNorm.PerHeadQueriesOnly _, QkNorm.WholeProjection _ -> {}
        }
        switch (attention.temperature()) {
            case Temperature.None _ -> {}
            case Temperature.LogarithmOfPosition temperature -> queries.add(new RowTransform.Heat(temperature));
        }
        stages.add(new LinearStage(input, projections));
        stages.add(new CachingStage(
                index,
                attention.queryHeads() * headDim,
                cachedHeads,
                headDim,
                queries.toArray(RowTransform[]::new),
                cachedHeads == 0 ? new RowTransform[0] : keys.toArray(RowTransform[]::new),
                values.toArray(RowTransform[]::new)));
        stages.add(new GroupedQueryStage(index, attention));
        decisions.attention(index, attention);
    }

    private void attention(int index, String prefix, Buffer input, LatentAttention attention) {
        int key = attention.nopeHeadDim() + attention.ropeHeadDim();
        layout.needsAttention(key, attention.valueHeadDim(), 1);
        layout.needsLatents(attention.latentDim(), key, attention.valueHeadDim());
        layout.needs(Buffer.CONTEXT, attention.heads() * attention.valueHeadDim());
        LinearStage.Projection compressed = projection(prefix, attention.keyValueDown(), Buffer.COMPRESSED);
        switch (attention.query()) {
            case LatentAttention.QueryProjection.Direct(Linear linear) ->
                stages.add(new LinearStage(input, List.of(projection(prefix, linear, Buffer.QUERY), compressed)));
            case LatentAttention.QueryProjection.ThroughLatent(Linear down, Norm norm, WeightRef up) -> {
                stages.add(new LinearStage(input, List.of(projection(prefix, down, Buffer.QUERY_LATENT), compressed)));
                normalise(norm, prefix, Buffer.QUERY_LATENT, Buffer.QUERY_LATENT);
                linear(prefix, Buffer.QUERY_LATENT, up, Buffer.QUERY);
            }
        }
        stages.add(new LatentCachingStage(
                index,
                attention.heads(),
                attention.nopeHeadDim(),
                attention.ropeHeadDim(),
                attention.latentDim(),
                RowNorm.of(attention.latentNorm(), prefix, weights),
                rotation(attention.rotary(), attention.ropeHeadDim()).toArray(RowTransform[]::new)));
        stages.add(new LatentStage(index, attention, weights.matrix(prefix, attention.keyValueUp())));
        decisions.attention(index, attention);
    }

    private List<RowTransform> rotation(Rotary rotary, int headDim) {
        return switch (rotary) {
            case Rotary.None _ -> List.of();
            case Rotary.HalfSplit(var _, int dim, double _) ->
                List.of(new RowTransform.RotateHalfSplit(layout.rotary(rotary), dim / 2, headDim));
            case Rotary.Interleaved(var _, int dim, double _) ->
                List.of(new RowTransform.RotateInterleaved(layout.rotary(rotary), dim / 2, headDim));
        };
    }

    // ------------------------------------------------------------------------------------------------- feed-forward

    private List<Stage> gated(String prefix, GatedMlp mlp, Buffer input, Buffer to) {
        return List.of(
                new LinearStage(
                        input,
                        List.of(projection(prefix, mlp.gate(), Buffer.GATE), projection(prefix, mlp.up(), Buffer.UP))),
                new TokenStages.Gate(mlp),
                new LinearStage(Buffer.GATE, List.of(projection(prefix, mlp.down(), to))));
    }

    private void plain(String prefix, PlainMlp mlp, Buffer input) {
        linear(prefix, input, mlp.up(), Buffer.UP);
        stages.add(new TokenStages.Activate(mlp.activation(), mlp.intermediateSize()));
        linear(prefix, Buffer.UP, mlp.down(), Buffer.RESULT);
    }

    private void experts(int index, String prefix, MixtureOfExperts moe, Buffer input) {
        Router router = moe.router();
        int experts = router.experts();
        layout.needsRouting(experts, router.topK());
        layout.needs(Buffer.EXPERT_INPUT, hiddenSize);
        layout.needs(Buffer.EXPERT_RESULT, hiddenSize);
        linear(prefix, input, router.weight(), Buffer.ROUTER_LOGITS);
        tap(Tap.ROUTER_LOGITS, index, Buffer.ROUTER_LOGITS, experts);
        Stage[][] compiled = new Stage[experts][];
        for (int e = 0; e < experts; e++) {
            compiled[e] = gated(prefix, moe.experts().expert(e), Buffer.EXPERT_INPUT, Buffer.EXPERT_RESULT)
                    .toArray(Stage[]::new);
        }
        float[] correctionBias = switch (router) {
            case Router.SigmoidGroupedTopK sigmoid -> weights.vector(prefix, sigmoid.correctionBias());
            case Router.SoftmaxTopK _, Router.SoftmaxGroupedTopK _, Router.SigmoidOnInput _ -> new float[0];
        };
        stages.add(new ExpertsStage(
                index,
                input,
                hiddenSize,
                router.topK(),
                new Chooser(router, correctionBias),
                router instanceof Router.SigmoidOnInput,
                compiled));
        switch (moe.shared()) {
            case MixtureOfExperts.SharedExpert.None _ -> {}
            case MixtureOfExperts.SharedExpert.Added(int _, GatedMlp mlp) -> {
                stages.addAll(gated(prefix, mlp, input, Buffer.EXPERT_RESULT));
                stages.add(new TokenStages.Add(Buffer.EXPERT_RESULT, Buffer.RESULT, hiddenSize));
            }
        }
        decisions.experts(index, moe);
    }

    // ------------------------------------------------------------------------------------------------------ elements

    private void linear(String prefix, Buffer from, Linear linear, Buffer to) {
        stages.add(new LinearStage(from, List.of(projection(prefix, linear, to))));
    }

    private void linear(String prefix, Buffer from, WeightRef weight, Buffer to) {
        linear(prefix, from, new Linear(weight, new Bias.None()), to);
    }

    private LinearStage.Projection projection(String prefix, Linear linear, Buffer to) {
        layout.needs(to, linear.outputs());
        float[] bias = switch (linear.bias()) {
            case Bias.None _ -> new float[0];
            case Bias.Added(VectorRef vector) -> weights.vector(prefix, vector);
        };
        return new LinearStage.Projection(weights.matrix(prefix, linear.weight()), bias, to);
    }

    private void normalise(Norm norm, String prefix, Buffer from, Buffer to) {
        stages.add(new TokenStages.Normalise(RowNorm.of(norm, prefix, weights), from, to));
    }

    private void tap(Tap tap, int layer, Buffer buffer, int width) {
        stages.add(new TapStage(TapPoint.of(tap, layer), buffer, width));
    }
}
