package dev.assay.cuda.stage;

import dev.assay.cuda.weight.DeviceExperts;
import dev.assay.cuda.weight.DeviceMatrix;
import dev.assay.cuda.weight.Weights;
import dev.assay.engine.Tap;
import dev.assay.engine.TapPoint;
import dev.assay.plan.Bias;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.Experts;
import dev.assay.plan.FeedForward;
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
import dev.assay.plan.Router;
import dev.assay.plan.WeightRef;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Compiles a plan to stages.
public final class Compiler {
    private final DecoderPlan plan;
    private final Weights weights;
    private final int hiddenSize;
    private final Layout layout = new Layout();
    private final List<Stage> stages = new ArrayList<>();

    private Compiler(DecoderPlan plan, Weights weights) {
        this.plan = plan;
        this.weights = weights;
        this.hiddenSize = plan.hiddenSize();
    }

    /// Compiles a plan for which [Limits#reason] finds no reason against it.
    ///
    /// @throws dev.assay.engine.UnsupportedModelException if a weight has a type without a kernel
    public static Program compile(DecoderPlan plan, Weights weights) {
        return new Compiler(plan, weights).compile();
    }

    private Program compile() {
        layout.needs(Buffer.HIDDEN, hiddenSize);
        layout.needs(Buffer.INPUT, hiddenSize);
        layout.needs(Buffer.RESULT, hiddenSize);
        layout.needsPlanes(1, hiddenSize); // of the head, and of products between streams
        DeviceMatrix table = weights.matrix("", plan.embedding().table());
        Stage.Embed embed = embed(table);
        perLayerEmbedding();
        openStream();
        for (int i = 0; i < plan.layers().size(); i++) {
            layer(i, plan.layers().get(i));
        }
        closeStream();
        normalise(plan.finalNorm(), "", View.of(Buffer.HIDDEN), View.of(Buffer.INPUT));
        tap(Tap.HIDDEN, plan.layers().size(), Buffer.INPUT, hiddenSize);
        DeviceMatrix head = switch (plan.head()) {
            case OutputHead.Tied _ -> table;
            case OutputHead.Untied(WeightRef weight, OutputHead.Softcap _) -> weights.matrix("", weight);
        };
        OutputHead.Softcap softcap = plan.head().softcap();
        List<Stage> oneToken = Fusion.ofOneToken(
                stages.subList(1, stages.size()),
                new Stage.Head(head, softcap, View.of(Buffer.INPUT), Optional.empty()));
        return new Program(plan, stages, Fusion.ofManyTokens(stages), embed, oneToken, head, softcap, layout);
    }

    /// The first stage.
    private Stage.Embed embed(DeviceMatrix table) {
        double scale = switch (plan.embedding().scale()) {
            case Embedding.Scale.None _ -> 1;
            case Embedding.Scale.Constant(double factor) -> factor;
        };
        Stage.Embed embed = new Stage.Embed(table, scale, View.of(Buffer.HIDDEN));
        stages.add(embed);
        switch (plan.embedding().positions()) {
            case Embedding.Positions.None _ -> {}
            case Embedding.Positions.Learned(WeightRef rows) ->
                stages.add(new Stage.AddPosition(weights.matrix("", rows), View.of(Buffer.HIDDEN)));
        }
        return embed;
    }

    private void perLayerEmbedding() {
        switch (plan.perLayerEmbedding()) {
            case PerLayerEmbedding.None _ -> {}
            case PerLayerEmbedding.TableAndProjection perLayer -> {
                View all = View.of(Buffer.PER_LAYER);
                multiply("", Buffer.HIDDEN, perLayer.projection(), Buffer.PER_LAYER);
                RowNorm norm = RowNorm.of(perLayer.norm(), "", weights);
                stages.add(new Stage.Normalise(
                        norm, perLayer.projection().rows() / perLayer.width(), perLayer.projectionScale(), all, all));
                stages.add(new Stage.AddPerLayer(
                        weights.matrix("", perLayer.table()), perLayer.tableScale(), perLayer.sumScale(), all));
            }
        }
    }

    private void openStream() {
        switch (plan.residualStream()) {
            case ResidualStream.Single _ -> {}
            case ResidualStream.AltUp altUp -> {
                layout.needs(Buffer.STREAMS, Math.multiplyExact(altUp.streams(), hiddenSize));
                layout.needs(Buffer.PREDICTIONS, Math.multiplyExact(altUp.streams(), hiddenSize));
                stages.add(new Stage.Copy(View.of(Buffer.HIDDEN), stream(0), hiddenSize, 1));
                for (int n = 1; n < altUp.streams(); n++) {
                    DeviceMatrix projection =
                            weights.matrix("", altUp.projections().get(n - 1));
                    stages.add(new Stage.Multiply(projection, 0, View.of(Buffer.HIDDEN), stream(n)));
                    stages.add(new Stage.MatchMagnitude(stream(n), stream(0), hiddenSize, altUp.smallestMeanSquare()));
                }
            }
        }
    }

    private void closeStream() {
        switch (plan.residualStream()) {
            case ResidualStream.Single _ -> {}
            case ResidualStream.AltUp altUp -> {
                View hidden = View.of(Buffer.HIDDEN);
                View result = View.of(Buffer.RESULT);
                stages.add(new Stage.Copy(stream(0), hidden, hiddenSize, 1));
                for (int n = 1; n < altUp.streams(); n++) {
                    DeviceMatrix unembedding =
                            weights.matrix("", altUp.unembeddings().get(n - 1));
                    stages.add(new Stage.Multiply(unembedding, 0, stream(n), result));
                    stages.add(new Stage.MatchMagnitude(result, stream(0), hiddenSize, altUp.smallestMeanSquare()));
                    double scale = n == altUp.streams() - 1 ? 1.0 / altUp.streams() : 1;
                    stages.add(new Stage.Add(result, hidden, hiddenSize, scale));
                }
            }
        }
    }

    private View stream(int n) {
        return View.of(Buffer.STREAMS, n * hiddenSize);
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
        multiply(prefix, Buffer.CONTEXT, layer.mixer().output(), Buffer.RESULT);
        tap(Tap.ATTENTION, index, Buffer.RESULT, hiddenSize);
        after(layer.attentionNorms(), prefix);
        addLaurel(layer);

        input = before(layer.feedForwardNorms(), prefix);
        tap(Tap.FEED_FORWARD_INPUT, index, input, hiddenSize);
        feedForward(index, prefix, layer.feedForward(), input);
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
                View active = stream(altUp.active());
                stages.add(new Stage.Tapped(TapPoint.of(Tap.HIDDEN, index), active, hiddenSize));
                coefficients(layer.tensorPrefix(), step, step.prediction(), active);
                stages.add(new Stage.Predict(altUp.streams(), hiddenSize));
                stages.add(new Stage.Copy(
                        View.of(Buffer.PREDICTIONS, altUp.active() * hiddenSize),
                        View.of(Buffer.HIDDEN),
                        hiddenSize,
                        1));
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
                coefficients(prefix, step, step.correction(), View.of(Buffer.HIDDEN));
                long gain = switch (step.correctedScale()) {
                    case LayerExtra.CorrectedScale.Multiplied(var weight) -> weights.vector(prefix, weight, 0);
                    case LayerExtra.CorrectedScale.Ignored _ -> 0;
                };
                stages.add(new Stage.Correct(altUp.streams(), altUp.active(), hiddenSize, gain));
                extra(layer, LayerExtra.PerLayerInput.class).ifPresent(input -> {
                    int width = input.gate().rows();
                    multiply(prefix, Buffer.RESULT, input.gate(), Buffer.PER_LAYER_GATE);
                    stages.add(new Stage.GateBy(
                            input.activation(),
                            width,
                            View.of(Buffer.PER_LAYER_GATE),
                            View.of(Buffer.PER_LAYER, index * width)));
                    multiply(prefix, Buffer.PER_LAYER_GATE, input.projection(), Buffer.RESULT);
                    normalise(input.norm(), prefix, View.of(Buffer.RESULT), View.of(Buffer.RESULT));
                    stages.add(new Stage.AddToOthers(altUp.streams(), hiddenSize));
                });
            }
        }
    }

    /// From a stream to the coefficients of a prediction or a correction.
    private void coefficients(String prefix, LayerExtra.AltUpStep step, WeightRef weight, View from) {
        View input = View.of(Buffer.INPUT);
        normalise(step.routerNorm(), prefix, from, input);
        stages.add(new Stage.Copy(input, input, hiddenSize, step.routerScale()));
        multiply(prefix, Buffer.INPUT, step.router(), Buffer.MODALITIES);
        stages.add(new Stage.Bound(View.of(Buffer.MODALITIES), step.router().rows(), 1));
        multiply(prefix, Buffer.MODALITIES, weight, Buffer.COEFFICIENTS);
    }

    private void laurel(Layer layer, Buffer input) {
        extra(layer, LayerExtra.Laurel.class).ifPresent(laurel -> {
            String prefix = layer.tensorPrefix();
            View own = View.of(Buffer.LAUREL);
            multiply(prefix, input, laurel.left(), Buffer.LAUREL_LATENT);
            multiply(prefix, Buffer.LAUREL_LATENT, laurel.right(), Buffer.LAUREL);
            normalise(laurel.norm(), prefix, own, own);
            stages.add(new Stage.Add(View.of(input), own, hiddenSize, 1));
        });
    }

    private void addLaurel(Layer layer) {
        extra(layer, LayerExtra.Laurel.class)
                .ifPresent(laurel -> stages.add(
                        new Stage.Add(View.of(Buffer.LAUREL), View.of(Buffer.HIDDEN), hiddenSize, laurel.sumScale())));
    }

    private static <E extends LayerExtra> Optional<E> extra(Layer layer, Class<E> kind) {
        return layer.extras().stream().filter(kind::isInstance).map(kind::cast).findFirst();
    }

    /// The norm before a sub-block; returns where the sub-block finds its input.
    private Buffer before(NormPlacement placement, String prefix) {
        return switch (placement) {
            case NormPlacement.Before(Norm norm) -> {
                normalise(norm, prefix, View.of(Buffer.HIDDEN), View.of(Buffer.INPUT));
                yield Buffer.INPUT;
            }
            case NormPlacement.After _ -> Buffer.HIDDEN;
            case NormPlacement.BeforeAndAfter(Norm norm, Norm _) -> {
                normalise(norm, prefix, View.of(Buffer.HIDDEN), View.of(Buffer.INPUT));
                yield Buffer.INPUT;
            }
        };
    }

    /// The norm after a sub-block, and the residual.
    private void after(NormPlacement placement, String prefix) {
        View result = View.of(Buffer.RESULT);
        switch (placement) {
            case NormPlacement.Before _ -> {}
            case NormPlacement.After(Norm norm) -> normalise(norm, prefix, result, result);
            case NormPlacement.BeforeAndAfter(Norm _, Norm norm) -> normalise(norm, prefix, result, result);
        }
        stages.add(new Stage.Add(result, View.of(Buffer.HIDDEN), hiddenSize, 1));
    }

    // ---------------------------------------------------------------------------------------------------- attention

    private void attention(int index, String prefix, Buffer input, GroupedQueryAttention attention) {
        int headDim = attention.headDim();
        int queryWidth = attention.queryHeads() * headDim;
        layout.needs(Buffer.CONTEXT, queryWidth);
        layout.needs(attention.rotary());
        layout.needs(attention.temperature());
        layout.needsPartials(attention.queryHeads(), headDim);
        View projected = View.of(Buffer.PROJECTED);
        View keys = View.of(Buffer.PROJECTED, queryWidth);

        Optional<RowNorm.Rms> valueNorm = Optional.empty();
        int cachedHeads = switch (attention.keyValue()) {
            case KeyValueSource.Own(Linear key, Linear value, GroupedQueryAttention.ValueNorm norm) -> {
                multiply(prefix, input, List.of(attention.query(), key, value), Buffer.PROJECTED);
                valueNorm = switch (norm) {
                    case GroupedQueryAttention.ValueNorm.None _ -> Optional.empty();
                    case GroupedQueryAttention.ValueNorm.PerHead(Norm perHead) -> ofHeads(perHead, prefix);
                };
                yield attention.kvHeads();
            }
            case KeyValueSource.SharedWith _ -> {
                multiply(prefix, input, List.of(attention.query()), Buffer.PROJECTED);
                yield 0;
            }
        };
        Optional<RowNorm.Rms> queryNorm = Optional.empty();
        Optional<RowNorm.Rms> keyNorm = Optional.empty();
        Optional<Double> normAfter = Optional.empty();
        switch (attention.qkNorm()) {
            case QkNorm.None _ -> {}
            case QkNorm.PerHead(Norm ofQueries, Norm ofKeys) -> {
                queryNorm = ofHeads(ofQueries, prefix);
                keyNorm = ofHeads(ofKeys, prefix);
            }
            case QkNorm.PerHeadQueriesOnly(Norm ofQueries) -> queryNorm = ofHeads(ofQueries, prefix);
            case QkNorm.WholeProjection(Norm ofQueries, Norm ofKeys) -> {
                normalise(ofQueries, prefix, projected, projected);
                normalise(ofKeys, prefix, keys, keys);
            }
            case QkNorm.UnweightedAfterRotary(Norm.RmsUnweighted norm) -> normAfter = Optional.of(norm.eps());
        }
        stages.add(new Stage.PrepareHeads(
                index,
                projected,
                attention.queryHeads(),
                cachedHeads,
                headDim,
                queryNorm,
                keyNorm,
                valueNorm,
                attention.rotary(),
                normAfter,
                attention.temperature()));
        stages.add(new Stage.Attend(
                plan.cacheLayer(index),
                attention.queryHeads(),
                attention.kvHeads(),
                headDim,
                headDim,
                attention.mask(),
                attention.scale(),
                projected,
                View.of(Buffer.CONTEXT)));
    }

    private Optional<RowNorm.Rms> ofHeads(Norm norm, String prefix) {
        return switch (RowNorm.of(norm, prefix, weights)) {
            case RowNorm.Rms rms -> Optional.of(rms);
            case RowNorm.Layer layer -> throw new IllegalArgumentException("no kernel normalises heads by " + layer);
        };
    }

    private void attention(int index, String prefix, Buffer input, LatentAttention attention) {
        int heads = attention.heads();
        int nope = attention.nopeHeadDim();
        int rope = attention.ropeHeadDim();
        int latent = attention.latentDim();
        layout.needs(Buffer.CONTEXT, heads * attention.valueHeadDim());
        layout.needs(Buffer.ABSORBED, heads * (latent + rope));
        layout.needs(Buffer.LATENT_CONTEXT, heads * latent);
        layout.needs(attention.rotary());
        layout.needsPartials(heads, latent);
        layout.needs(new Expansion.Shape(heads, latent, nope, rope, attention.valueHeadDim()));
        layout.needsPlanes(1, latent);

        View queries;
        View compressed;
        switch (attention.query()) {
            case LatentAttention.QueryProjection.Direct(Linear linear) -> {
                multiply(prefix, input, List.of(linear, attention.keyValueDown()), Buffer.PROJECTED);
                queries = View.of(Buffer.PROJECTED);
                compressed = View.of(Buffer.PROJECTED, linear.outputs());
            }
            case LatentAttention.QueryProjection.ThroughLatent(Linear down, Norm norm, WeightRef up) -> {
                multiply(prefix, input, List.of(down, attention.keyValueDown()), Buffer.PROJECTED);
                layout.needs(Buffer.QUERY_LATENT, down.outputs());
                normalise(norm, prefix, View.of(Buffer.PROJECTED), View.of(Buffer.QUERY_LATENT));
                multiply(prefix, Buffer.QUERY_LATENT, up, Buffer.QUERY);
                queries = View.of(Buffer.QUERY);
                compressed = View.of(Buffer.PROJECTED, down.outputs());
            }
        }
        normalise(attention.latentNorm(), prefix, compressed, compressed);
        stages.add(new Stage.PrepareLatents(index, queries, heads, nope, rope, compressed, latent, attention.rotary()));
        DeviceMatrix expansion = weights.matrix(prefix, attention.keyValueUp());
        Stage.Absorb absorb = new Stage.Absorb(
                expansion, heads, nope, rope, attention.valueHeadDim(), queries, View.of(Buffer.ABSORBED));
        Stage.Attend attend = new Stage.Attend(
                index,
                heads,
                1,
                latent + rope,
                latent,
                attention.mask(),
                attention.scale(),
                View.of(Buffer.ABSORBED),
                View.of(Buffer.LATENT_CONTEXT));
        Stage.Expand expand = new Stage.Expand(
                expansion,
                heads,
                nope,
                attention.valueHeadDim(),
                View.of(Buffer.LATENT_CONTEXT),
                View.of(Buffer.CONTEXT));
        stages.add(new Stage.AttendLatents(absorb, attend, expand));
    }

    // ------------------------------------------------------------------------------------------------- feed-forward

    private void feedForward(int index, String prefix, FeedForward feedForward, Buffer input) {
        switch (feedForward) {
            case GatedMlp mlp -> gated(prefix, mlp, input, Buffer.RESULT);
            case PlainMlp mlp -> {
                multiply(prefix, input, mlp.up(), Buffer.GATED);
                stages.add(new Stage.Activate(mlp.activation(), mlp.intermediateSize(), View.of(Buffer.GATED)));
                multiply(prefix, Buffer.GATED, mlp.down(), Buffer.RESULT);
            }
            case MixtureOfExperts moe -> experts(index, prefix, moe, input);
        }
    }

    private void gated(String prefix, GatedMlp mlp, Buffer input, Buffer to) {
        int width = mlp.intermediateSize();
        View gateUp = View.of(Buffer.GATE_UP);
        View gated = View.of(Buffer.GATED);
        layout.needs(Buffer.GATED, width);
        multiply(prefix, input, List.of(mlp.gate(), mlp.up()), Buffer.GATE_UP);
        stages.add(
                switch (mlp.sparsity()) {
                    case GatedMlp.Sparsity.None _ -> new Stage.Gate(mlp.activation(), width, gateUp, gated);
                    case GatedMlp.Sparsity.GaussianTopK(double _, double deviations) ->
                        new Stage.GateSparse(mlp.activation(), deviations, width, gateUp, gated);
                });
        multiply(prefix, Buffer.GATED, mlp.down(), to);
    }

    private void experts(int index, String prefix, MixtureOfExperts moe, Buffer input) {
        Router router = moe.router();
        Experts experts = moe.experts();
        int topK = router.topK();
        int width = experts.intermediateSize();
        layout.needs(Buffer.CHOSEN, topK);
        layout.needs(Buffer.CHOSEN_WEIGHTS, topK);
        layout.needs(Buffer.EXPERT_ORDER, topK);
        layout.needsExperts(router.experts());
        View.OfPairs gateUp = pairs(Buffer.EXPERT_GATE_UP, topK, 2 * width);
        View.OfPairs gated = pairs(Buffer.EXPERT_GATED, topK, width);
        View.OfPairs results = pairs(Buffer.EXPERT_RESULT, topK, hiddenSize);
        layout.needsPlanes(topK, Math.max(hiddenSize, width));

        multiply(prefix, input, router.weight(), Buffer.ROUTER_LOGITS);
        tap(Tap.ROUTER_LOGITS, index, Buffer.ROUTER_LOGITS, router.experts());
        Optional<View> shared = switch (moe.shared()) {
            case MixtureOfExperts.SharedExpert.None _ -> Optional.empty();
            case MixtureOfExperts.SharedExpert.Added(int _, GatedMlp mlp) -> {
                gated(prefix, mlp, input, Buffer.SHARED_RESULT);
                yield Optional.of(View.of(Buffer.SHARED_RESULT));
            }
        };
        long correctionBias = switch (router) {
            case Router.SigmoidGroupedTopK sigmoid -> weights.vector(prefix, sigmoid.correctionBias(), 0);
            case Router.SoftmaxTopK _, Router.SoftmaxGroupedTopK _, Router.SigmoidOnInput _ -> 0;
        };
        stages.add(new Stage.Route(router, correctionBias));
        stages.add(new Stage.TappedExperts(index, topK));
        Optional<View> ofResults = switch (router) {
            case Router.SoftmaxTopK _, Router.SoftmaxGroupedTopK _, Router.SigmoidGroupedTopK _ ->
                Optional.of(View.of(Buffer.CHOSEN_WEIGHTS));
            case Router.SigmoidOnInput _ -> Optional.empty();
        };
        View expertInput = View.of(input);
        if (ofResults.isEmpty()) {
            View.OfPairs scaled = pairs(Buffer.EXPERT_INPUT, topK, hiddenSize);
            stages.add(new Stage.ScaleInputs(expertInput, scaled));
            expertInput = scaled;
        }
        DeviceExperts gateAndUp = weights.experts(prefix, experts.count(), e -> {
            GatedMlp expert = experts.expert(e);
            return List.of(expert.gate().weight(), expert.up().weight());
        });
        DeviceExperts down = weights.experts(
                prefix, experts.count(), e -> List.of(experts.expert(e).down().weight()));
        stages.add(new Stage.MultiplyChosen(gateAndUp, expertInput, gateUp));
        stages.add(new Stage.Gate(experts.activation(), width, gateUp, gated));
        stages.add(new Stage.MultiplyChosen(down, gated, results));
        stages.add(new Stage.SumExperts(results, ofResults, shared, Optional.empty(), View.of(Buffer.RESULT)));
    }

    private View.OfPairs pairs(Buffer buffer, int topK, int width) {
        layout.needs(buffer, Math.multiplyExact(topK, width));
        return new View.OfPairs(buffer, topK, width);
    }

    // ------------------------------------------------------------------------------------------------------ elements

    /// Products with the same input, side by side in a row.
    private void multiply(String prefix, Buffer from, List<Linear> linears, Buffer to) {
        DeviceMatrix weight =
                weights.stacked(prefix, linears.stream().map(Linear::weight).toList());
        layout.needs(to, weight.rows());
        layout.needsPlanes(1, weight.columns());
        stages.add(new Stage.Multiply(weight, weights.biases(prefix, linears), View.of(from), View.of(to)));
    }

    private void multiply(String prefix, Buffer from, Linear linear, Buffer to) {
        multiply(prefix, from, List.of(linear), to);
    }

    private void multiply(String prefix, Buffer from, WeightRef weight, Buffer to) {
        multiply(prefix, from, new Linear(weight, new Bias.None()), to);
    }

    private void normalise(Norm norm, String prefix, View from, View to) {
        stages.add(new Stage.Normalise(RowNorm.of(norm, prefix, weights), 1, 1, from, to));
    }

    private void tap(Tap tap, int layer, Buffer buffer, int width) {
        stages.add(new Stage.Tapped(TapPoint.of(tap, layer), View.of(buffer), width));
    }
}
