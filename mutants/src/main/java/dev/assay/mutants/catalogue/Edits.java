package dev.assay.mutants.catalogue;

import dev.assay.config.RopeParameters;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.FeedForward;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.GroupedQueryAttention.KeyValueSource;
import dev.assay.plan.LatentAttention;
import dev.assay.plan.Layer;
import dev.assay.plan.LayerExtra;
import dev.assay.plan.Mask;
import dev.assay.plan.Mixer;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.Norm;
import dev.assay.plan.NormPlacement;
import dev.assay.plan.OutputHead;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.PlainMlp;
import dev.assay.plan.QkNorm;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import dev.assay.plan.Temperature;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;

/// Plans with one thing changed.
final class Edits {
    private Edits() {}

    /// A layer after a change, given its index and the whole plan.
    @FunctionalInterface
    interface LayerEdit {
        Layer apply(DecoderPlan plan, int index, Layer layer);
    }

    // ------------------------------------------------------------------------------------------------------ questions

    static Predicate<DecoderPlan> always() {
        return _ -> true;
    }

    /// Whether a plan has such a layer.
    static Predicate<DecoderPlan> with(Predicate<Layer> layer) {
        return plan -> plan.layers().stream().anyMatch(layer);
    }

    static Predicate<DecoderPlan> withRouter(Predicate<Router> router) {
        return with(layer -> routes(layer, router));
    }

    static boolean routes(Layer layer, Predicate<Router> router) {
        return layer.feedForward() instanceof MixtureOfExperts moe && router.test(moe.router());
    }

    static boolean slides(Layer layer) {
        return layer.mixer().mask() instanceof Mask.SlidingWindow;
    }

    static boolean turns(Layer layer) {
        return !(layer.mixer().rotary() instanceof Rotary.None);
    }

    static boolean shares(Layer layer) {
        return layer.mixer() instanceof GroupedQueryAttention attention
                && attention.keyValue() instanceof KeyValueSource.SharedWith;
    }

    /// The first layer of a kind; -1, which no layer is, where there is none.
    static int first(DecoderPlan plan, Predicate<Layer> kind) {
        return IntStream.range(0, plan.layers().size())
                .filter(i -> kind.test(plan.layers().get(i)))
                .findFirst()
                .orElse(-1);
    }

    /// The first layer that differs between two plans; -1 where none does.
    static int firstChange(DecoderPlan right, DecoderPlan planted) {
        return IntStream.range(0, right.layers().size())
                .filter(i -> !right.layers().get(i).equals(planted.layers().get(i)))
                .findFirst()
                .orElse(-1);
    }

    // ---------------------------------------------------------------------------------------------------------- plans

    static DecoderPlan withLayers(DecoderPlan plan, List<Layer> layers) {
        return build(plan, plan.embedding(), plan.perLayerEmbedding(), layers, plan.finalNorm(), plan.head());
    }

    static DecoderPlan withEmbedding(DecoderPlan plan, Embedding embedding) {
        return build(plan, embedding, plan.perLayerEmbedding(), plan.layers(), plan.finalNorm(), plan.head());
    }

    static DecoderPlan withPerLayerEmbedding(DecoderPlan plan, PerLayerEmbedding perLayer) {
        return build(plan, plan.embedding(), perLayer, plan.layers(), plan.finalNorm(), plan.head());
    }

    static DecoderPlan withFinalNorm(DecoderPlan plan, Norm norm) {
        return build(plan, plan.embedding(), plan.perLayerEmbedding(), plan.layers(), norm, plan.head());
    }

    static DecoderPlan withHead(DecoderPlan plan, OutputHead head) {
        return build(plan, plan.embedding(), plan.perLayerEmbedding(), plan.layers(), plan.finalNorm(), head);
    }

    private static DecoderPlan build(
            DecoderPlan plan,
            Embedding embedding,
            PerLayerEmbedding perLayer,
            List<Layer> layers,
            Norm finalNorm,
            OutputHead head) {
        return new DecoderPlan(
                plan.architecture(),
                plan.vocabSize(),
                plan.hiddenSize(),
                plan.maxPositions(),
                embedding,
                perLayer,
                plan.residualStream(),
                layers,
                finalNorm,
                head,
                plan.skipped());
    }

    static UnaryOperator<DecoderPlan> layers(LayerEdit edit) {
        return plan -> withLayers(
                plan,
                IntStream.range(0, plan.layers().size())
                        .mapToObj(i -> edit.apply(plan, i, plan.layers().get(i)))
                        .toList());
    }

    static UnaryOperator<DecoderPlan> groupedQuery(UnaryOperator<GroupedQueryAttention> edit) {
        return layers((_, _, layer) ->
                layer.mixer() instanceof GroupedQueryAttention attention ? with(layer, edit.apply(attention)) : layer);
    }

    static UnaryOperator<DecoderPlan> latent(UnaryOperator<LatentAttention> edit) {
        return layers((_, _, layer) ->
                layer.mixer() instanceof LatentAttention attention ? with(layer, edit.apply(attention)) : layer);
    }

    /// Both kinds of attention.
    static UnaryOperator<DecoderPlan> rotary(UnaryOperator<Rotary> edit) {
        return layers(
                (_, _, layer) -> withRotary(layer, edit.apply(layer.mixer().rotary())));
    }

    static UnaryOperator<DecoderPlan> experts(UnaryOperator<MixtureOfExperts> edit) {
        return layers((_, _, layer) ->
                layer.feedForward() instanceof MixtureOfExperts moe ? with(layer, edit.apply(moe)) : layer);
    }

    static UnaryOperator<DecoderPlan> router(UnaryOperator<Router> edit) {
        return experts(moe -> new MixtureOfExperts(edit.apply(moe.router()), moe.experts(), moe.shared()));
    }

    static UnaryOperator<DecoderPlan> weighting(UnaryOperator<Router.Weighting> edit) {
        return router(router -> switch (router) {
            case Router.SoftmaxTopK(var weight, int topK, var weighting) ->
                new Router.SoftmaxTopK(weight, topK, edit.apply(weighting));
            case Router.SoftmaxGroupedTopK(var weight, int topK, int groups, int chosen, var weighting) ->
                new Router.SoftmaxGroupedTopK(weight, topK, groups, chosen, edit.apply(weighting));
            case Router.SigmoidGroupedTopK(var weight, var bias, int topK, int groups, int chosen, var weighting) ->
                new Router.SigmoidGroupedTopK(weight, bias, topK, groups, chosen, edit.apply(weighting));
            case Router.SigmoidOnInput _ -> router;
        });
    }

    /// Every norm but those without a weight, QK-norms and the last one included.
    static UnaryOperator<DecoderPlan> norms(UnaryOperator<Norm> edit) {
        return plan -> withFinalNorm(
                layers((_, _, layer) -> new Layer(
                                layer.tensorPrefix(),
                                norms(layer.attentionNorms(), edit),
                                layer.mixer() instanceof GroupedQueryAttention attention
                                        ? with(attention, norms(attention.qkNorm(), edit))
                                        : layer.mixer(),
                                norms(layer.feedForwardNorms(), edit),
                                layer.feedForward(),
                                layer.extras()))
                        .apply(plan),
                edit.apply(plan.finalNorm()));
    }

    static NormPlacement norms(NormPlacement placement, UnaryOperator<Norm> edit) {
        return switch (placement) {
            case NormPlacement.Before(Norm norm) -> new NormPlacement.Before(edit.apply(norm));
            case NormPlacement.After(Norm norm) -> new NormPlacement.After(edit.apply(norm));
            case NormPlacement.BeforeAndAfter(Norm before, Norm after) ->
                new NormPlacement.BeforeAndAfter(edit.apply(before), edit.apply(after));
        };
    }

    static QkNorm norms(QkNorm qkNorm, UnaryOperator<Norm> edit) {
        return switch (qkNorm) {
            case QkNorm.None _, QkNorm.UnweightedAfterRotary _ -> qkNorm;
            case QkNorm.PerHead(Norm queries, Norm keys) -> new QkNorm.PerHead(edit.apply(queries), edit.apply(keys));
            case QkNorm.PerHeadQueriesOnly(Norm queries) -> new QkNorm.PerHeadQueriesOnly(edit.apply(queries));
            case QkNorm.WholeProjection(Norm queries, Norm keys) ->
                new QkNorm.WholeProjection(edit.apply(queries), edit.apply(keys));
        };
    }

    /// Every gated MLP that is a layer's feed-forward, no expert.
    static UnaryOperator<DecoderPlan> mlps(UnaryOperator<GatedMlp> edit) {
        return layers((_, _, layer) -> switch (layer.feedForward()) {
            case GatedMlp mlp -> with(layer, edit.apply(mlp));
            case PlainMlp _, MixtureOfExperts _ -> layer;
        });
    }

    static UnaryOperator<DecoderPlan> extras(UnaryOperator<LayerExtra> edit) {
        return layers((_, _, layer) -> new Layer(
                layer.tensorPrefix(),
                layer.attentionNorms(),
                layer.mixer(),
                layer.feedForwardNorms(),
                layer.feedForward(),
                layer.extras().stream().map(edit).toList()));
    }

    static UnaryOperator<DecoderPlan> softcap(UnaryOperator<OutputHead.Softcap> edit) {
        return plan -> withHead(
                plan,
                switch (plan.head()) {
                    case OutputHead.Tied(var softcap) -> new OutputHead.Tied(edit.apply(softcap));
                    case OutputHead.Untied(var weight, var softcap) ->
                        new OutputHead.Untied(weight, edit.apply(softcap));
                });
    }

    // --------------------------------------------------------------------------------------------------------- layers

    static Layer with(Layer layer, Mixer mixer) {
        return new Layer(
                layer.tensorPrefix(),
                layer.attentionNorms(),
                mixer,
                layer.feedForwardNorms(),
                layer.feedForward(),
                layer.extras());
    }

    static Layer with(Layer layer, FeedForward feedForward) {
        return new Layer(
                layer.tensorPrefix(),
                layer.attentionNorms(),
                layer.mixer(),
                layer.feedForwardNorms(),
                feedForward,
                layer.extras());
    }

    static Layer with(Layer layer, NormPlacement attentionNorms, NormPlacement feedForwardNorms) {
        return new Layer(
                layer.tensorPrefix(),
                attentionNorms,
                layer.mixer(),
                feedForwardNorms,
                layer.feedForward(),
                layer.extras());
    }

    static Layer withRotary(Layer layer, Rotary rotary) {
        return switch (layer.mixer()) {
            case GroupedQueryAttention attention -> with(layer, with(attention, rotary));
            case LatentAttention attention -> with(layer, with(attention, rotary));
        };
    }

    // ------------------------------------------------------------------------------------------------------ attention

    static GroupedQueryAttention with(GroupedQueryAttention a, QkNorm qkNorm) {
        return build(a, a.keyValue(), qkNorm, a.rotary(), a.temperature(), a.mask(), a.scale());
    }

    static GroupedQueryAttention with(GroupedQueryAttention a, Rotary rotary) {
        return build(a, a.keyValue(), a.qkNorm(), rotary, a.temperature(), a.mask(), a.scale());
    }

    static GroupedQueryAttention with(GroupedQueryAttention a, Temperature temperature) {
        return build(a, a.keyValue(), a.qkNorm(), a.rotary(), temperature, a.mask(), a.scale());
    }

    static GroupedQueryAttention with(GroupedQueryAttention a, Mask mask) {
        return build(a, a.keyValue(), a.qkNorm(), a.rotary(), a.temperature(), mask, a.scale());
    }

    static GroupedQueryAttention with(GroupedQueryAttention a, double scale) {
        return build(a, a.keyValue(), a.qkNorm(), a.rotary(), a.temperature(), a.mask(), scale);
    }

    static GroupedQueryAttention with(GroupedQueryAttention a, KeyValueSource keyValue) {
        return build(a, keyValue, a.qkNorm(), a.rotary(), a.temperature(), a.mask(), a.scale());
    }

    private static GroupedQueryAttention build(
            GroupedQueryAttention a,
            KeyValueSource keyValue,
            QkNorm qkNorm,
            Rotary rotary,
            Temperature temperature,
            Mask mask,
            double scale) {
        return new GroupedQueryAttention(
                a.queryHeads(),
                a.kvHeads(),
                a.headDim(),
                a.query(),
                keyValue,
                qkNorm,
                rotary,
                temperature,
                mask,
                scale,
                a.output());
    }

    static LatentAttention with(LatentAttention a, Rotary rotary) {
        return build(a, rotary, a.scale());
    }

    static LatentAttention with(LatentAttention a, double scale) {
        return build(a, a.rotary(), scale);
    }

    private static LatentAttention build(LatentAttention a, Rotary rotary, double scale) {
        return new LatentAttention(
                a.heads(),
                a.nopeHeadDim(),
                a.ropeHeadDim(),
                a.valueHeadDim(),
                a.latentDim(),
                a.query(),
                a.keyValueDown(),
                a.latentNorm(),
                a.keyValueUp(),
                rotary,
                a.mask(),
                scale,
                a.output());
    }

    // --------------------------------------------------------------------------------------------------------- rotary

    /// The same pairs with other parameters; the factor on cos and sin stays.
    static Rotary withParameters(Rotary rotary, UnaryOperator<RopeParameters> edit) {
        return switch (rotary) {
            case Rotary.None none -> none;
            case Rotary.HalfSplit(var own, int dim, double factor) ->
                new Rotary.HalfSplit(edit.apply(own), dim, factor);
            case Rotary.Interleaved(var own, int dim, double factor) ->
                new Rotary.Interleaved(edit.apply(own), dim, factor);
        };
    }

    /// The same pairs with the factor that YaRN's parameters lead to; of other parameters, as it was.
    static Rotary withYarnFactor(Rotary rotary, ToDoubleFunction<RopeParameters.Yarn> factor) {
        return switch (rotary) {
            case Rotary.None none -> none;
            case Rotary.HalfSplit(RopeParameters.Yarn yarn, int dim, double _) ->
                new Rotary.HalfSplit(yarn, dim, factor.applyAsDouble(yarn));
            case Rotary.Interleaved(RopeParameters.Yarn yarn, int dim, double _) ->
                new Rotary.Interleaved(yarn, dim, factor.applyAsDouble(yarn));
            case Rotary.HalfSplit _, Rotary.Interleaved _ -> rotary;
        };
    }

    /// The other pairing.
    static Rotary swapped(Rotary rotary) {
        return switch (rotary) {
            case Rotary.None none -> none;
            case Rotary.HalfSplit(var parameters, int dim, double factor) ->
                new Rotary.Interleaved(parameters, dim, factor);
            case Rotary.Interleaved(var parameters, int dim, double factor) ->
                new Rotary.HalfSplit(parameters, dim, factor);
        };
    }

    /// The rotary of the first layer that turns and is so; nothing where none is.
    static Rotary rotaryOf(DecoderPlan plan, Predicate<Layer> layer) {
        return plan.layers().stream()
                .filter(layer.and(Edits::turns))
                .map(one -> one.mixer().rotary())
                .findFirst()
                .orElse(new Rotary.None());
    }
}
