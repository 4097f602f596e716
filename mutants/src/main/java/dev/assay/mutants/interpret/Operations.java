package dev.assay.mutants.interpret;

import dev.assay.config.HiddenActivation;
import dev.assay.plan.DecoderPlan;
import dev.assay.plan.Embedding;
import dev.assay.plan.GatedMlp;
import dev.assay.plan.GroupedQueryAttention;
import dev.assay.plan.Mask;
import dev.assay.plan.MixtureOfExperts;
import dev.assay.plan.Norm;
import dev.assay.plan.OutputHead;
import dev.assay.plan.QkNorm;
import dev.assay.plan.ResidualStream;
import dev.assay.plan.Rotary;
import dev.assay.plan.Router;
import dev.assay.plan.Temperature;
import java.util.Arrays;
import java.util.List;
import java.util.function.DoubleUnaryOperator;
import java.util.function.UnaryOperator;

/// The operations of a decoder, each as the plan's records describe it. A bug overrides the one that it sits in.
///
/// Nothing is changed in place: each returns an array of its own.
public class Operations {
    // ---------------------------------------------------------------------------------------------------- positions

    /// The position of the token at `index` of a call.
    public int position(Call call, int index) {
        return call.start() + index;
    }

    /// The position by which a query turns.
    public int queryPosition(GroupedQueryAttention attention, Call call, int position) {
        return position;
    }

    /// Whether the query of a position sees a key. `last` is the last position cached so far, the call's own
    /// included.
    public boolean sees(Mask mask, int query, int key, int last) {
        return key <= query && key > query - mask.visible(query);
    }

    // ------------------------------------------------------------------------------------------------- linear, norms

    /// Σ wᵢ·xᵢ.
    public double dot(double[] w, double[] x) {
        double sum = 0;
        for (int i = 0; i < w.length; i++) {
            sum += w[i] * x[i];
        }
        return sum;
    }

    /// What rows of the embedding are multiplied by.
    public double embeddingScale(Embedding.Scale scale) {
        return switch (scale) {
            case Embedding.Scale.None _ -> 1;
            case Embedding.Scale.Constant(double factor) -> factor;
        };
    }

    public double[] norm(Gain gain, double[] x) {
        return switch (gain.norm()) {
            case Norm.Rms(var _, double eps) -> times(gain.weight(), over(x, rootMeanSquare(x, eps)));
            case Norm.RmsOnePlus(var _, double eps) -> times(onePlus(gain.weight()), over(x, rootMeanSquare(x, eps)));
            case Norm.RmsUnweighted(int _, double eps) -> over(x, rootMeanSquare(x, eps));
            case Norm.LayerNorm(var _, var _, double eps) -> {
                double mean = Arrays.stream(x).sum() / x.length;
                double[] centred = Arrays.stream(x).map(v -> v - mean).toArray();
                double[] scaled = times(gain.weight(), over(centred, rootMeanSquare(centred, eps)));
                yield plus(scaled, gain.bias());
            }
        };
    }

    /// √(mean(x²) + ε).
    public double rootMeanSquare(double[] x, double eps) {
        return Math.sqrt(Arrays.stream(x).map(v -> v * v).sum() / x.length + eps);
    }

    /// 1 + w.
    public double[] onePlus(double[] weight) {
        return Arrays.stream(weight).map(w -> 1 + w).toArray();
    }

    // ----------------------------------------------------------------------------------------------------- attention

    /// Queries of a token, ready for scores, `[heads][d]`.
    ///
    /// @param gain of the norm of queries; of no use where there is none
    /// @param projected `[heads · d]`
    public double[][] queries(GroupedQueryAttention attention, Gain gain, double[] projected, Call call, int position) {
        double[][] heads = heads(attention, gain, projected, call, queryPosition(attention, call, position));
        double temperature = temperature(attention.temperature(), position);
        return Arrays.stream(heads).map(head -> scaled(head, temperature)).toArray(double[][]::new);
    }

    /// Keys of a token as they are cached, `[heads][d]`.
    public double[][] keys(GroupedQueryAttention attention, Gain gain, double[] projected, Call call, int position) {
        return heads(attention, gain, projected, call, position);
    }

    /// Heads normalised and turned: `projected` is `[heads · d]`.
    public double[][] heads(GroupedQueryAttention attention, Gain gain, double[] projected, Call call, int position) {
        int d = attention.headDim();
        return switch (attention.qkNorm()) {
            case QkNorm.None _ -> each(split(projected, d), head -> rotate(attention.rotary(), head, position));
            case QkNorm.PerHead _, QkNorm.PerHeadQueriesOnly _ ->
                each(split(projected, d), head -> rotate(attention.rotary(), norm(gain, head), position));
            case QkNorm.WholeProjection _ ->
                each(split(norm(gain, projected), d), head -> rotate(attention.rotary(), head, position));
            case QkNorm.UnweightedAfterRotary _ ->
                each(split(projected, d), head -> norm(gain, rotate(attention.rotary(), head, position)));
        };
    }

    /// The cached key of a layer that another layer reads.
    public double[] sharedKey(GroupedQueryAttention attention, double[] key, int position) {
        return key;
    }

    /// What queries are multiplied by.
    public double temperature(Temperature temperature, int position) {
        return switch (temperature) {
            case Temperature.None _ -> 1;
            case Temperature.LogarithmOfPosition logarithm -> logarithm.at(position);
        };
    }

    /// A head turned by its position.
    public double[] rotate(Rotary rotary, double[] head, int position) {
        return switch (rotary) {
            case Rotary.None _ -> head;
            case Rotary.HalfSplit(var _, int dim, double factor) -> turned(rotary, head, position, factor, 1, dim / 2);
            case Rotary.Interleaved(var _, int _, double factor) -> turned(rotary, head, position, factor, 2, 1);
        };
    }

    /// Pairs (step · j, step · j + distance), turned.
    protected static double[] turned(
            Rotary rotary, double[] head, int position, double factor, int step, int distance) {
        double[] frequencies = rotary.inverseFrequencies(); // [dim/2]
        double[] turned = head.clone();
        for (int j = 0; j < frequencies.length; j++) {
            double cos = Math.cos(position * frequencies[j]) * factor;
            double sin = Math.sin(position * frequencies[j]) * factor;
            int a = step * j;
            int b = a + distance;
            turned[a] = head[a] * cos - head[b] * sin;
            turned[b] = head[b] * cos + head[a] * sin;
        }
        return turned;
    }

    /// From q·k to what the softmax is taken of.
    public double score(double product, double scale) {
        return product * scale;
    }

    // -------------------------------------------------------------------------------------------------- feed-forward

    public double activate(HiddenActivation activation, double x) {
        return switch (activation) {
            case SILU -> x / (1 + Math.exp(-x));
            case GELU_TANH -> x / 2 * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x * x * x)));
            case GELU_ERF -> x / 2 * (1 + erf(x / Math.sqrt(2)));
        };
    }

    /// 2/√π · Σ (−1)ⁿ·x²ⁿ⁺¹ / (n!·(2n + 1)), which is exact enough in double below 6 and 1 beyond.
    private static double erf(double x) {
        if (Math.abs(x) > 6) {
            return Math.signum(x);
        }
        double term = x;
        double sum = x;
        for (int n = 1; n < 200; n++) {
            term *= -x * x / n;
            sum += term / (2 * n + 1);
        }
        return 2 / Math.sqrt(Math.PI) * sum;
    }

    /// What is left of a gate, `[F]`.
    public double[] sparse(GatedMlp.Sparsity sparsity, double[] gate) {
        return switch (sparsity) {
            case GatedMlp.Sparsity.None _ -> gate;
            case GatedMlp.Sparsity.GaussianTopK(double _, double deviations) -> {
                double mean = Arrays.stream(gate).sum() / gate.length;
                double cutoff = mean + deviations * deviation(gate, mean);
                yield Arrays.stream(gate).map(g -> Math.max(0, g - cutoff)).toArray();
            }
        };
    }

    /// Standard deviation of the population.
    public double deviation(double[] x, double mean) {
        return Math.sqrt(Arrays.stream(x).map(v -> (v - mean) * (v - mean)).sum() / x.length);
    }

    /// What the down projection of an MLP is given of each token of a call, `[T][F]`.
    ///
    /// @param first the width of the first layer's MLP
    public double[][] intermediate(double[][] rows, int first) {
        return rows;
    }

    /// A token's experts, from its router logits, `[E]`.
    ///
    /// @param bias the correction bias, `[E]`; empty for routers without
    public Choice route(Router router, double[] logits, double[] bias) {
        return switch (router) {
            case Router.SoftmaxTopK(var _, int topK, Router.Weighting weighting) -> {
                double[] scores = softmax(logits);
                yield weighed(weighting, scores, best(scores, topK));
            }
            case Router.SoftmaxGroupedTopK(var _, int topK, int groups, int chosen, Router.Weighting weighting) -> {
                double[] scores = softmax(logits);
                double[] open = closed(scores, groups, groupScores(router, scores, groups), chosen, 0);
                yield weighed(weighting, scores, best(open, topK));
            }
            case Router.SigmoidGroupedTopK(
                    var _,
                    var _,
                    int topK,
                    int groups,
                    int chosen,
                    Router.Weighting weighting) -> {
                double[] scores = each(logits, Operations::sigmoid);
                double[] ranks = plus(scores, bias);
                double[] open = closed(ranks, groups, groupScores(router, ranks, groups), chosen, closedRank());
                yield weighed(weighting, mixed(scores, ranks, bias), best(open, topK));
            }
            case Router.SigmoidOnInput(var _, int topK) -> {
                int[] experts = best(logits, topK);
                yield new Choice(
                        experts,
                        Arrays.stream(experts)
                                .mapToDouble(e -> sigmoid(logits[e]))
                                .toArray());
            }
        };
    }

    /// What groups of experts are chosen by, `[groups]`.
    public double[] groupScores(Router router, double[] ranks, int groups) {
        int size = ranks.length / groups;
        double[] scores = new double[groups];
        for (int g = 0; g < groups; g++) {
            double[] sorted = Arrays.copyOfRange(ranks, g * size, (g + 1) * size);
            Arrays.sort(sorted);
            boolean two = router instanceof Router.SigmoidGroupedTopK;
            scores[g] = two ? sorted[size - 1] + sorted[size - 2] : sorted[size - 1];
        }
        return scores;
    }

    /// The rank of experts in groups that are not chosen.
    public double closedRank() {
        return Double.NEGATIVE_INFINITY;
    }

    /// What experts are mixed by, where they are chosen by scores with a bias, `[E]`.
    public double[] mixed(double[] scores, double[] ranks, double[] bias) {
        return scores;
    }

    /// Weights of chosen experts.
    public Choice weighed(Router.Weighting weighting, double[] scores, int[] experts) {
        double[] chosen = Arrays.stream(experts).mapToDouble(e -> scores[e]).toArray();
        return new Choice(
                experts,
                switch (weighting) {
                    case Router.Weighting.Score(double scale) -> scaled(chosen, scale);
                    case Router.Weighting.ShareOfChosen(double eps, double scale) ->
                        scaled(chosen, scale / denominator(Arrays.stream(chosen).sum(), eps));
                });
    }

    /// What scores of chosen experts are divided by.
    public double denominator(double sum, double eps) {
        return sum + eps;
    }

    /// What an expert adds for a token.
    public double[] weighted(Router router, UnaryOperator<double[]> expert, double weight, double[] x) {
        return switch (router) {
            case Router.SigmoidOnInput _ -> expert.apply(scaled(x, weight));
            case Router.SoftmaxTopK _, Router.SoftmaxGroupedTopK _, Router.SigmoidGroupedTopK _ ->
                scaled(expert.apply(x), weight);
        };
    }

    /// What the shared expert adds for a token.
    public double[] shared(MixtureOfExperts moe, double[] result) {
        return result;
    }

    // ------------------------------------------------------------------------------------------------------- streams

    /// `x` with the root mean square of `like`.
    public double[] matchMagnitude(ResidualStream.AltUp altUp, double[] x, double[] like) {
        double target = rootMeanSquare(like, 0);
        double own = Math.sqrt(Math.max(rootMeanSquare(x, 0) * rootMeanSquare(x, 0), altUp.smallestMeanSquare()));
        return scaled(x, target / own);
    }

    /// What the innovation of a stream is multiplied by.
    public double correction(double coefficient) {
        return coefficient + 1;
    }

    // ---------------------------------------------------------------------------------------------------------- head

    public double softcap(OutputHead.Softcap softcap, double logit) {
        return switch (softcap) {
            case OutputHead.Softcap.None _ -> logit;
            case OutputHead.Softcap.Tanh(double bound) -> bound * Math.tanh(logit / bound);
        };
    }

    // --------------------------------------------------------------------------------------------------------- cache

    /// The layer whose keys and values a layer reads.
    public int cacheLayer(DecoderPlan plan, int layer) {
        return plan.cacheLayer(layer);
    }

    /// After a call, with what every layer has cached.
    public void called(Call call, List<LayerCache> caches) {}

    /// Forgets a sequence.
    public void reset(List<LayerCache> caches) {
        caches.forEach(LayerCache::clear);
    }

    // ------------------------------------------------------------------------------------------------------- helpers

    protected static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    protected static double[] softmax(double[] logits) {
        double max = Arrays.stream(logits).max().orElseThrow();
        double[] exponentials = each(logits, logit -> Math.exp(logit - max));
        double sum = Arrays.stream(exponentials).sum();
        return over(exponentials, sum);
    }

    /// Indices of the `k` largest, largest first; of equal ones the lower index first.
    protected static int[] best(double[] ranks, int k) {
        double[] left = ranks.clone();
        int[] best = new int[k];
        boolean[] taken = new boolean[left.length];
        for (int j = 0; j < k; j++) {
            int found = -1;
            for (int i = 0; i < left.length; i++) {
                if (!taken[i] && (found < 0 || left[i] > left[found])) {
                    found = i;
                }
            }
            best[j] = found;
            taken[found] = true;
        }
        return best;
    }

    /// Ranks with those of all but the `chosen` best groups replaced.
    protected static double[] closed(double[] ranks, int groups, double[] groupScores, int chosen, double rank) {
        int size = ranks.length / groups;
        double[] open = new double[ranks.length];
        Arrays.fill(open, rank);
        for (int g : best(groupScores, chosen)) {
            System.arraycopy(ranks, g * size, open, g * size, size);
        }
        return open;
    }

    protected static double[][] split(double[] x, int width) {
        double[][] parts = new double[x.length / width][];
        for (int h = 0; h < parts.length; h++) {
            parts[h] = Arrays.copyOfRange(x, h * width, (h + 1) * width);
        }
        return parts;
    }

    protected static double[][] each(double[][] rows, UnaryOperator<double[]> change) {
        return Arrays.stream(rows).map(change).toArray(double[][]::new);
    }

    protected static double[] each(double[] x, DoubleUnaryOperator change) {
        return Arrays.stream(x).map(change).toArray();
    }

    protected static double[] scaled(double[] x, double factor) {
        return each(x, v -> v * factor);
    }

    protected static double[] over(double[] x, double divisor) {
        return each(x, v -> v / divisor);
    }

    protected static double[] times(double[] a, double[] b) {
        double[] product = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            product[i] = a[i] * b[i];
        }
        return product;
    }

    protected static double[] plus(double[] a, double[] b) {
        double[] sum = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            sum[i] = a[i] + b[i];
        }
        return sum;
    }
}
