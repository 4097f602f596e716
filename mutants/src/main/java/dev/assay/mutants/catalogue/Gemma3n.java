package dev.assay.mutants.catalogue;

import static dev.assay.mutants.catalogue.Shows.firstOf;
import static dev.assay.mutants.catalogue.Shows.inLayer;
import static dev.assay.mutants.catalogue.Shows.violates;
import static dev.assay.mutants.catalogue.Shows.whereChanged;

import dev.assay.checkpoint.Checkpoint;
import dev.assay.config.Architecture;
import dev.assay.config.Gemma3nConfig;
import dev.assay.engine.Tap;
import dev.assay.golden.WeightSource;
import dev.assay.mutants.interpret.Call;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.GatedMlp.Sparsity;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.GroupedQueryAttention.KeyValueSource;
import dev.assay.plan.GroupedQueryAttention.ValueNorm;
import dev.assay.plan.Layer;
import dev.assay.plan.LayerExtra;
import dev.assay.plan.Norm;
import dev.assay.plan.PerLayerEmbedding;
import dev.assay.plan.ResidualStream;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.IntStream;

/// Gemma 3n.
final class Gemma3n {
    private static final Set<Architecture> ONLY = EnumSet.of(Architecture.GEMMA_3N);
    private static final Predicate<DecoderPlan> SHARES = Edits.with(Edits::shares);

    private Gemma3n() {}

    static List<Mutant> mutants() {
        Expected sharing = firstOf(Tap.CONTEXT, Edits::shares);
        return List.of(
                new Mutant(
                        "N01",
                        "queries of layers that share keys turned by position plus tokens of the call",
                        "mlx-lm #1805, #1384, PR #1396",
                        ONLY,
                        new Mutation.OfOperations(SHARES, () -> new Operations() {
                            @Override
                            public int queryPosition(GroupedQueryAttention attention, Call call, int position) {
                                return attention.keyValue() instanceof KeyValueSource.SharedWith
                                        ? position + call.tokens()
                                        : position;
                            }
                        }),
                        sharing),
                new Mutant(
                        "N02",
                        "layers that share compute keys and values of their own, from weights that files carry for them",
                        "mlx-lm PR #323 (27 logits)",
                        ONLY,
                        new Mutation.OfCheckpoint(SHARES, Gemma3n::withoutSharing),
                        sharing),
                new Mutant(
                        "N03",
                        "shared keys normalised and turned again; planted without the gain, which layers that share lack",
                        "google-deepmind/gemma #368, PR #392, PR #765",
                        ONLY,
                        new Mutation.OfOperations(SHARES, () -> new Operations() {
                            @Override
                            public double[] sharedKey(GroupedQueryAttention attention, double[] key, int position) {
                                return rotate(attention.rotary(), over(key, rootMeanSquare(key, 1e-6)), position);
                            }
                        }),
                        sharing),
                new Mutant(
                        "N04",
                        "keys and values shared with a layer of the other type",
                        "LLMPlayer",
                        ONLY,
                        new Mutation.OfOperations(SHARES, () -> new Operations() {
                            @Override
                            public int cacheLayer(DecoderPlan plan, int layer) {
                                Layer user = plan.layers().get(layer);
                                return Edits.shares(user)
                                        ? IntStream.range(0, layer)
                                                .filter(i -> !Edits.shares(
                                                        plan.layers().get(i)))
                                                .filter(i -> Edits.slides(
                                                                plan.layers().get(i))
                                                        != Edits.slides(user))
                                                .max()
                                                .orElse(plan.cacheLayer(layer))
                                        : layer;
                            }
                        }),
                        sharing),
                new Mutant(
                        "N05",
                        "standard deviation of a sample, n - 1, in the sparsity cutoff",
                        "llama.cpp gemma3n.cpp:389; LLMPlayer",
                        ONLY,
                        new Mutation.OfOperations(Edits.with(Gemma3n::isSparse), () -> new Operations() {
                            @Override
                            public double deviation(double[] x, double mean) {
                                return super.deviation(x, mean) * Math.sqrt(x.length / (x.length - 1.0));
                            }
                        }),
                        firstOf(Tap.FEED_FORWARD, Gemma3n::isSparse)),
                new Mutant(
                        "N06a",
                        "sparsity on every layer",
                        "llama.cpp models.h:833 (the first ten); LLMPlayer",
                        ONLY,
                        new Mutation.OfPlan(Edits.layers(Gemma3n::sparseLikeTheFirst)),
                        whereChanged(Tap.FEED_FORWARD)),
                new Mutant(
                        "N06b",
                        "sparsity on no layer",
                        "LLMPlayer",
                        ONLY,
                        new Mutation.OfPlan(Edits.mlps(mlp -> withSparsity(mlp, new Sparsity.None()))),
                        whereChanged(Tap.FEED_FORWARD)),
                new Mutant(
                        "N07",
                        "gains of QK-norms used as 1 + w",
                        "LLMPlayer",
                        ONLY,
                        new Mutation.OfPlan(Edits.groupedQuery(attention -> Edits.with(
                                attention,
                                Edits.norms(
                                        attention.qkNorm(),
                                        norm -> norm instanceof Norm.Rms(var weight, double eps)
                                                ? new Norm.RmsOnePlus(weight, eps)
                                                : norm)))),
                        inLayer(Tap.CONTEXT, 0)),
                new Mutant(
                        "N08",
                        "values not normalised",
                        "LLMPlayer changelog (Gemma 4); HF",
                        ONLY,
                        new Mutation.OfPlan(Edits.groupedQuery(attention -> attention.keyValue()
                                        instanceof KeyValueSource.Own own
                                ? Edits.with(
                                        attention, new KeyValueSource.Own(own.key(), own.value(), new ValueNorm.None()))
                                : attention)),
                        inLayer(Tap.CONTEXT, 0)),
                new Mutant(
                        "N09",
                        "scores scaled by the root of the head dim",
                        "gemma-triton #6",
                        ONLY,
                        new Mutation.OfPlan(Edits.groupedQuery(
                                attention -> Edits.with(attention, 1 / Math.sqrt(attention.headDim())))),
                        inLayer(Tap.CONTEXT, 0)),
                new Mutant(
                        "N10a",
                        "sum with Laurel not divided by the root of 2; the norm behind it hides the factor from the MLP",
                        "reference line llama.cpp gemma3n.cpp:201",
                        ONLY,
                        new Mutation.OfPlan(Edits.extras(extra -> extra instanceof LayerExtra.Laurel laurel
                                ? new LayerExtra.Laurel(laurel.left(), laurel.right(), laurel.norm(), 1)
                                : extra)),
                        inLayer(Tap.FEED_FORWARD_INPUT, 0)),
                new Mutant(
                        "N10b",
                        "AltUp's correction without the added 1",
                        "reference line llama.cpp gemma3n.cpp:283",
                        ONLY,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public double correction(double coefficient) {
                                return coefficient;
                            }
                        }),
                        inLayer(Tap.HIDDEN, 1)),
                new Mutant(
                        "N10c",
                        "per-layer inputs not divided by the root of 2; they join streams that no tap shows until the next layer mixes them",
                        "reference line llama.cpp gemma3n.cpp:354",
                        ONLY,
                        new Mutation.OfPlan(
                                plan -> plan.perLayerEmbedding() instanceof PerLayerEmbedding.TableAndProjection own
                                        ? Edits.withPerLayerEmbedding(
                                                plan,
                                                new PerLayerEmbedding.TableAndProjection(
                                                        own.table(),
                                                        own.width(),
                                                        own.tableScale(),
                                                        own.projection(),
                                                        own.projectionScale(),
                                                        own.norm(),
                                                        1))
                                        : plan),
                        inLayer(Tap.ATTENTION_INPUT, 1)),
                new Mutant(
                        "N10d",
                        "projected streams not brought to the magnitude of the first",
                        "reference line llama.cpp gemma3n.cpp:448",
                        ONLY,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public double[] matchMagnitude(ResidualStream.AltUp altUp, double[] x, double[] like) {
                                return x;
                            }
                        }),
                        inLayer(Tap.ATTENTION_INPUT, 0)),
                new Mutant(
                        "N11",
                        "a prompt longer than a batch of 8 forgets what stood before its last batch",
                        "llama.cpp #14437, #14604",
                        EnumSet.allOf(Architecture.class),
                        new Mutation.OfEngine(Faults::forgetsEarlierBatches),
                        violates("one-shot")));
    }

    /// The same files as a model in which no layer shares.
    private static Checkpoint withoutSharing(WeightSource source, Checkpoint opened) {
        return switch (source) {
            case WeightSource.Synthesised synthesised -> {
                Gemma3nConfig own = (Gemma3nConfig) opened.config();
                yield synthesised
                        .weights()
                        .checkpoint(new Gemma3nConfig(
                                own.vocabSize(),
                                own.vocabSizePerLayerInput(),
                                own.hiddenSize(),
                                own.hiddenSizePerLayerInput(),
                                own.intermediateSize(),
                                own.activationSparsityPattern(),
                                own.numHiddenLayers(),
                                own.numAttentionHeads(),
                                own.numKeyValueHeads(),
                                own.headDim(),
                                own.hiddenActivation(),
                                own.maxPositionEmbeddings(),
                                own.rmsNormEps(),
                                own.tieWordEmbeddings(),
                                own.attentionBias(),
                                own.slidingWindow(),
                                own.layerTypes(),
                                0,
                                own.fullRopeParameters(),
                                own.slidingRopeParameters(),
                                own.finalLogitSoftcapping(),
                                own.altupNumInputs(),
                                own.altupActiveIdx(),
                                own.altupCorrectScale(),
                                own.laurelRank()));
            }
            default -> opened;
        };
    }

    private static Layer sparseLikeTheFirst(DecoderPlan plan, int index, Layer layer) {
        return plan.layers().stream()
                .filter(Gemma3n::isSparse)
                .findFirst()
                .map(first -> layer.feedForward() instanceof GatedMlp mlp
                                && mlp.sparsity() instanceof Sparsity.None
                                && first.feedForward() instanceof GatedMlp sparse
                        ? Edits.with(layer, withSparsity(mlp, sparse.sparsity()))
                        : layer)
                .orElse(layer);
    }

    private static GatedMlp withSparsity(GatedMlp mlp, Sparsity sparsity) {
        return new GatedMlp(mlp.intermediateSize(), mlp.activation(), mlp.gate(), mlp.up(), mlp.down(), sparsity);
    }

    private static boolean isSparse(Layer layer) {
        return layer.feedForward() instanceof GatedMlp mlp && mlp.sparsity() instanceof Sparsity.GaussianTopK;
    }
}
