package dev.assay.plan;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/// Every tensor that a plan reads, under its name in the checkpoint.
public final class PlanWeights {
    /// A tensor, or a part of one, in its place.
    ///
    /// @param name in the checkpoint
    public record Use(WeightRole role, String name, Ref ref) {}

    /// Told of every tensor; of routed experts, all at once.
    interface Visitor {
        void weight(WeightRole role, String prefix, Ref ref);

        void experts(String prefix, Experts experts);
    }

    private PlanWeights() {}

    /// All of them, in the order in which they are read; a tied head's matrix once. Of tensors read in parts, each
    /// part.
    public static List<Use> of(DecoderPlan plan) {
        List<Use> uses = new ArrayList<>();
        visit(plan, new Visitor() {
            @Override
            public void weight(WeightRole role, String prefix, Ref ref) {
                uses.add(new Use(role, prefix + ref.name(), ref));
            }

            @Override
            public void experts(String prefix, Experts experts) {
                for (int e = 0; e < experts.count(); e++) {
                    GatedMlp expert = experts.expert(e);
                    weight(WeightRole.ROUTED_EXPERT, prefix, expert.gate().weight());
                    weight(WeightRole.ROUTED_EXPERT, prefix, expert.up().weight());
                    weight(WeightRole.ROUTED_EXPERT, prefix, expert.down().weight());
                }
            }
        });
        return List.copyOf(uses);
    }

    /// Tensors of one layer, but of its routed experts only the first; names without the layer's prefix.
    static List<Ref> ofLayer(Layer layer) {
        List<Ref> refs = new ArrayList<>();
        layer(layer, new Visitor() {
            @Override
            public void weight(WeightRole role, String prefix, Ref ref) {
                refs.add(ref);
            }

            @Override
            public void experts(String prefix, Experts experts) {
                GatedMlp expert = experts.expert(0);
                refs.add(expert.gate().weight());
                refs.add(expert.up().weight());
                refs.add(expert.down().weight());
            }
        });
        return List.copyOf(refs);
    }

    /// Numbers of each role that the plan has; those of a tied head once.
    public static Map<WeightRole, Long> elementsByRole(DecoderPlan plan) {
        return count(plan, _ -> true);
    }

    /// As [#elementsByRole], of matrices alone: neither gains nor biases.
    public static Map<WeightRole, Long> matrixElementsByRole(DecoderPlan plan) {
        return count(plan, WeightRef.class::isInstance);
    }

    private static Map<WeightRole, Long> count(DecoderPlan plan, Predicate<Ref> counted) {
        Map<WeightRole, Long> elements = new EnumMap<>(WeightRole.class);
        visit(plan, new Visitor() {
            @Override
            public void weight(WeightRole role, String prefix, Ref ref) {
                if (counted.test(ref)) {
                    elements.merge(role, ref.elements(), Math::addExact);
                }
            }

            @Override
            public void experts(String prefix, Experts experts) {
                elements.merge(WeightRole.ROUTED_EXPERT, experts.elements(), Math::addExact);
            }
        });
        return elements;
    }

    private static void visit(DecoderPlan plan, Visitor visitor) {
        visitor.weight(WeightRole.EMBEDDING, "", plan.embedding().table());
        switch (plan.embedding().positions()) {
            case Embedding.Positions.None _ -> {}
            case Embedding.Positions.Learned(WeightRef table) ->
                visitor.weight(WeightRole.POSITION_EMBEDDING, "", table);
        }
        switch (plan.perLayerEmbedding()) {
            case PerLayerEmbedding.None _ -> {}
            case PerLayerEmbedding.TableAndProjection table -> {
                visitor.weight(WeightRole.PER_LAYER_EMBEDDING, "", table.table());
                visitor.weight(WeightRole.STREAM, "", table.projection());
                norm(table.norm(), "", visitor);
            }
        }
        switch (plan.residualStream()) {
            case ResidualStream.Single _ -> {}
            case ResidualStream.AltUp altUp -> {
                altUp.projections().forEach(weight -> visitor.weight(WeightRole.STREAM, "", weight));
                altUp.unembeddings().forEach(weight -> visitor.weight(WeightRole.STREAM, "", weight));
            }
        }
        plan.layers().forEach(layer -> layer(layer, visitor));
        norm(plan.finalNorm(), "", visitor);
        switch (plan.head()) {
            case OutputHead.Tied _ -> {}
            case OutputHead.Untied(WeightRef weight, OutputHead.Softcap _) ->
                visitor.weight(WeightRole.HEAD, "", weight);
        }
    }

    private static void layer(Layer layer, Visitor visitor) {
        String prefix = layer.tensorPrefix();
        placement(layer.attentionNorms(), prefix, visitor);
        switch (layer.mixer()) {
            case GroupedQueryAttention attention -> groupedQuery(attention, prefix, visitor);
            case LatentAttention attention -> latent(attention, prefix, visitor);
        }
        placement(layer.feedForwardNorms(), prefix, visitor);
        switch (layer.feedForward()) {
            case GatedMlp mlp -> gated(mlp, WeightRole.DENSE_MLP, prefix, visitor);
            case PlainMlp mlp -> {
                linear(mlp.up(), WeightRole.DENSE_MLP, prefix, visitor);
                linear(mlp.down(), WeightRole.DENSE_MLP, prefix, visitor);
            }
            case MixtureOfExperts moe -> experts(moe, prefix, visitor);
        }
        layer.extras().forEach(extra -> extra(extra, prefix, visitor));
    }

    private static void groupedQuery(GroupedQueryAttention attention, String prefix, Visitor visitor) {
        linear(attention.query(), WeightRole.ATTENTION, prefix, visitor);
        switch (attention.keyValue()) {
            case GroupedQueryAttention.KeyValueSource.Own own -> {
                linear(own.key(), WeightRole.ATTENTION, prefix, visitor);
                linear(own.value(), WeightRole.ATTENTION, prefix, visitor);
                switch (own.valueNorm()) {
                    case GroupedQueryAttention.ValueNorm.None _ -> {}
                    case GroupedQueryAttention.ValueNorm.PerHead(Norm norm) -> norm(norm, prefix, visitor);
                }
            }
            case GroupedQueryAttention.KeyValueSource.SharedWith _ -> {}
        }
        switch (attention.qkNorm()) {
            case QkNorm.None _, QkNorm.UnweightedAfterRotary _ -> {}
            case QkNorm.PerHead(Norm queries, Norm keys) -> {
                norm(queries, prefix, visitor);
                norm(keys, prefix, visitor);
            }
            case QkNorm.PerHeadQueriesOnly(Norm queries) -> norm(queries, prefix, visitor);
            case QkNorm.WholeProjection(Norm queries, Norm keys) -> {
                norm(queries, prefix, visitor);
                norm(keys, prefix, visitor);
            }
        }
        linear(attention.output(), WeightRole.ATTENTION, prefix, visitor);
    }

    private static void latent(LatentAttention attention, String prefix, Visitor visitor) {
        switch (attention.query()) {
            case LatentAttention.QueryProjection.Direct(Linear linear) ->
                linear(linear, WeightRole.ATTENTION, prefix, visitor);
            case LatentAttention.QueryProjection.ThroughLatent(Linear down, Norm norm, WeightRef up) -> {
                linear(down, WeightRole.ATTENTION, prefix, visitor);
                norm(norm, prefix, visitor);
                visitor.weight(WeightRole.ATTENTION, prefix, up);
            }
        }
        linear(attention.keyValueDown(), WeightRole.ATTENTION, prefix, visitor);
        norm(attention.latentNorm(), prefix, visitor);
        visitor.weight(WeightRole.ATTENTION, prefix, attention.keyValueUp());
        linear(attention.output(), WeightRole.ATTENTION, prefix, visitor);
    }

    private static void experts(MixtureOfExperts moe, String prefix, Visitor visitor) {
        visitor.weight(WeightRole.ROUTER, prefix, moe.router().weight());
        switch (moe.router()) {
            case Router.SigmoidGroupedTopK router ->
                visitor.weight(WeightRole.CORRECTION_BIAS, prefix, router.correctionBias());
            case Router.SoftmaxTopK _, Router.SoftmaxGroupedTopK _, Router.SigmoidOnInput _ -> {}
        }
        visitor.experts(prefix, moe.experts());
        switch (moe.shared()) {
            case MixtureOfExperts.SharedExpert.None _ -> {}
            case MixtureOfExperts.SharedExpert.Added(int _, GatedMlp mlp) ->
                gated(mlp, WeightRole.SHARED_EXPERT, prefix, visitor);
        }
    }

    private static void extra(LayerExtra extra, String prefix, Visitor visitor) {
        switch (extra) {
            case LayerExtra.Laurel laurel -> {
                visitor.weight(WeightRole.STREAM, prefix, laurel.left());
                visitor.weight(WeightRole.STREAM, prefix, laurel.right());
                norm(laurel.norm(), prefix, visitor);
            }
            case LayerExtra.AltUpStep step -> {
                visitor.weight(WeightRole.STREAM, prefix, step.router());
                norm(step.routerNorm(), prefix, visitor);
                visitor.weight(WeightRole.STREAM, prefix, step.prediction());
                visitor.weight(WeightRole.STREAM, prefix, step.correction());
                visitor.weight(WeightRole.STREAM, prefix, step.correctedScale().weight());
            }
            case LayerExtra.PerLayerInput input -> {
                visitor.weight(WeightRole.STREAM, prefix, input.gate());
                visitor.weight(WeightRole.STREAM, prefix, input.projection());
                norm(input.norm(), prefix, visitor);
            }
        }
    }

    private static void gated(GatedMlp mlp, WeightRole role, String prefix, Visitor visitor) {
        linear(mlp.gate(), role, prefix, visitor);
        linear(mlp.up(), role, prefix, visitor);
        linear(mlp.down(), role, prefix, visitor);
    }

    private static void linear(Linear linear, WeightRole role, String prefix, Visitor visitor) {
        visitor.weight(role, prefix, linear.weight());
        switch (linear.bias()) {
            case Bias.None _ -> {}
            case Bias.Added(VectorRef vector) -> visitor.weight(role, prefix, vector);
        }
    }

    private static void placement(NormPlacement placement, String prefix, Visitor visitor) {
        switch (placement) {
            case NormPlacement.Before(Norm norm) -> norm(norm, prefix, visitor);
            case NormPlacement.After(Norm norm) -> norm(norm, prefix, visitor);
            case NormPlacement.BeforeAndAfter(Norm before, Norm after) -> {
                norm(before, prefix, visitor);
                norm(after, prefix, visitor);
            }
        }
    }

    private static void norm(Norm norm, String prefix, Visitor visitor) {
        switch (norm) {
            case Norm.Rms(VectorRef weight, double _) -> visitor.weight(WeightRole.NORM, prefix, weight);
            case Norm.RmsOnePlus(VectorRef weight, double _) -> visitor.weight(WeightRole.NORM, prefix, weight);
            case Norm.RmsUnweighted _ -> {}
            case Norm.LayerNorm(VectorRef weight, VectorRef bias, double _) -> {
                visitor.weight(WeightRole.NORM, prefix, weight);
                visitor.weight(WeightRole.NORM, prefix, bias);
            }
        }
    }
}
