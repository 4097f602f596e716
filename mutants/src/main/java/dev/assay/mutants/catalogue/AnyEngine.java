package dev.assay.mutants.catalogue;

import static dev.assay.mutants.catalogue.Shows.inLayer;
import static dev.assay.mutants.catalogue.Shows.inLogits;
import static dev.assay.mutants.catalogue.Shows.violates;

import dev.assay.checkpoint.ElementType;
import dev.assay.config.Architecture;
import dev.assay.engine.Tap;
import dev.assay.mutants.interpret.Call;
import dev.assay.mutants.interpret.LayerCache;
import dev.assay.mutants.interpret.Operations;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.Layer;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.PlainMlp;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/// Faults of engines that any architecture suffers from.
final class AnyEngine {
    private static final Set<Architecture> ALL = EnumSet.allOf(Architecture.class);

    /// The checks that give a prompt in several calls.
    private static final Expected LATER_CALLS = violates("token-by-token", "chunked-prefill", "decode-after-prefill");

    private AnyEngine() {}

    static List<Mutant> mutants() {
        return List.of(
                new Mutant(
                        "X01",
                        "keys and values of the last layer copied to all after a chunk",
                        "jinfer b207fd3e",
                        ALL,
                        new Mutation.OfOperations(plan -> plan.layers().size() > 1, () -> new Operations() {
                            @Override
                            public void called(Call call, List<LayerCache> caches) {
                                LayerCache last = caches.stream()
                                        .filter(cache -> cache.length() > 0)
                                        .reduce((_, next) -> next)
                                        .orElseThrow();
                                caches.stream()
                                        .filter(cache -> cache.length() > 0)
                                        .forEach(cache -> cache.copyFrom(last));
                            }
                        }),
                        LATER_CALLS),
                new Mutant(
                        "X02",
                        "rows of an MLP's scratch as far apart as those of the first layer, though widths differ",
                        "jinfer 3f44b938, 6ea7cff1",
                        ALL,
                        new Mutation.OfOperations(AnyEngine::hasSeveralWidths, () -> new Operations() {
                            @Override
                            public double[][] intermediate(double[][] rows, int first) {
                                return atStride(rows, first);
                            }
                        }),
                        new Expected.First(Tap.FEED_FORWARD, (right, _) -> firstOfAnotherWidth(right))),
                new Mutant(
                        "X03",
                        "wrong path for batches of 2 to 7 tokens: their second half gets the logits of the first token",
                        "jinfer d85ee601",
                        ALL,
                        new Mutation.OfEngine(Faults::wrongForSmallBatches),
                        violates("chunked-prefill", "one-shot", "decode-after-prefill")),
                new Mutant(
                        "X04",
                        "vectors of 16 floats without a tail: products forget the last numbers of odd sizes",
                        "jinfer d00fcdc1",
                        ALL,
                        new Mutation.OfOperations(plan -> plan.hiddenSize() % 16 != 0, () -> new Operations() {
                            @Override
                            public double dot(double[] w, double[] x) {
                                double sum = 0;
                                for (int i = 0; i < w.length / 16 * 16; i++) {
                                    sum += w[i] * x[i];
                                }
                                return sum;
                            }
                        }),
                        inLayer(Tap.CONTEXT, 0)),
                new Mutant(
                        "X05",
                        "cache not cleared between sequences",
                        "integrallis",
                        ALL,
                        new Mutation.OfEngine(Faults::resetsNothing),
                        violates("reset-and-rerun")),
                new Mutant(
                        "X06",
                        "cache not handed from prefill to decode",
                        "GPULlama3 bf8cd80",
                        ALL,
                        new Mutation.OfOperations(Edits.always(), () -> new Operations() {
                            @Override
                            public void called(Call call, List<LayerCache> caches) {
                                if (call.tokens() > 1) {
                                    caches.forEach(LayerCache::zero);
                                }
                            }
                        }),
                        violates("decode-after-prefill", "chunked-prefill")),
                new Mutant(
                        "X07",
                        "probabilities returned as logits",
                        "Jlama getLogits",
                        ALL,
                        new Mutation.OfEngine(Faults::returnsProbabilities),
                        inLogits()),
                new Mutant(
                        "X08",
                        "logits of another scale, which no greedy test sees; planted as twice the logits",
                        "Jlama; GPULlama3 49eb298",
                        ALL,
                        new Mutation.OfEngine(Faults::doublesLogits),
                        inLogits()),
                new Mutant(
                        "X09",
                        "subnormal float16 weights flushed to 0",
                        "llama3.java 1e13c07",
                        ALL,
                        new Mutation.OfWeights((_, tensor) -> tensor.type() == ElementType.F16, Numbers::flushed),
                        inLayer(Tap.CONTEXT, 0)),
                new Mutant(
                        "X11",
                        "a token put in front of every prompt",
                        "juno #16; LLMPlayer; integrallis",
                        ALL,
                        new Mutation.OfEngine(Faults::prependsToken),
                        violates("one-shot", "token-by-token")),
                new Mutant(
                        "X12",
                        "returned logits overwritten by the next call",
                        "API of LLMPlayer and integrallis",
                        ALL,
                        new Mutation.OfEngine(Faults::reusesBuffers),
                        violates("reset-and-rerun", "chunked-prefill", "token-by-token")),
                new Mutant(
                        "X13",
                        "positions counted within a call, not within the sequence",
                        "mlx-lm #1384; HF PR #44860",
                        ALL,
                        new Mutation.OfOperations(AnyEngine::hasPositions, () -> new Operations() {
                            @Override
                            public int position(Call call, int index) {
                                return index;
                            }
                        }),
                        LATER_CALLS),
                new Mutant(
                        "X14",
                        "sessions of a model share one cache",
                        "class of bug",
                        ALL,
                        new Mutation.OfEngine(Faults::sharesSessions),
                        violates("interleaved-sessions")),
                new Mutant(
                        "X15",
                        "position one too far in decoding after a prefill",
                        "class of bug",
                        ALL,
                        new Mutation.OfOperations(AnyEngine::hasPositions, () -> new Operations() {
                            @Override
                            public int position(Call call, int index) {
                                return call.start() + index + (call.start() > 0 && call.tokens() == 1 ? 1 : 0);
                            }
                        }),
                        LATER_CALLS));
    }

    private static boolean hasPositions(DecoderPlan plan) {
        return plan.embedding().positions() instanceof Embedding.Positions.Learned
                || plan.layers().stream().anyMatch(Edits::turns);
    }

    private static boolean hasSeveralWidths(DecoderPlan plan) {
        return firstOfAnotherWidth(plan) >= 0;
    }

    /// The first layer whose MLP is as wide as none before it; -1 if there is none.
    private static int firstOfAnotherWidth(DecoderPlan plan) {
        int first = width(plan.layers().getFirst());
        return Edits.first(plan, layer -> width(layer) != first && width(layer) != 0);
    }

    /// Width of the MLP that all tokens of a call go through together; 0 where there is none.
    private static int width(Layer layer) {
        return switch (layer.feedForward()) {
            case GatedMlp mlp -> mlp.intermediateSize();
            case PlainMlp mlp -> mlp.intermediateSize();
            case MixtureOfExperts moe ->
                switch (moe.shared()) {
                    case MixtureOfExperts.SharedExpert.None _ -> 0;
                    case MixtureOfExperts.SharedExpert.Added(int _, GatedMlp mlp) -> mlp.intermediateSize();
                };
        };
    }

    /// Rows read from a scratch in which each was written right behind the one before and is sought at `stride`;
    /// what was never written is 0.
    private static double[][] atStride(double[][] rows, int stride) {
        int width = rows[0].length;
        double[] scratch = new double[rows.length * width];
        for (int t = 0; t < rows.length; t++) {
            System.arraycopy(rows[t], 0, scratch, t * width, width);
        }
        double[][] read = new double[rows.length][width];
        for (int t = 0; t < rows.length; t++) {
            int from = Math.min(scratch.length, t * stride);
            System.arraycopy(scratch, from, read[t], 0, Math.min(width, scratch.length - from));
        }
        return read;
    }
}
