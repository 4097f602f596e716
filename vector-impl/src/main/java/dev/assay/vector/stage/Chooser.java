package dev.assay.vector.stage;

import dev.assay.plan.Router;
import java.util.Arrays;

/// From the router logits of a token to its experts and their weights, in double.
public final class Chooser {
    private final Router router;
    private final float[] correctionBias; // [experts]; empty for routers without

    public Chooser(Router router, float[] correctionBias) {
        this.router = router;
        this.correctionBias = correctionBias;
    }

    /// Chooses the experts of a token.
    ///
    /// @param logits of its experts, from `offset` on
    /// @param chosen receives them, best first; may be longer than there are
    /// @param weights receives what each is multiplied by: its result, or for [Router.SigmoidOnInput] its input
    public void choose(float[] logits, int offset, Routing room, int[] chosen, float[] weights) {
        int experts = router.experts();
        double[] scores = room.scores;
        double[] ranks = room.ranks;
        switch (router) {
            case Router.SoftmaxTopK(var _, int _, Router.Weighting weighting) -> {
                softmax(logits, offset, experts, scores);
                System.arraycopy(scores, 0, ranks, 0, experts);
                best(ranks, experts, chosen, router.topK());
                weigh(weighting, scores, chosen, weights, router.topK());
            }
            case Router.SoftmaxGroupedTopK(var _, int _, int groups, int chosenGroups, Router.Weighting weighting) -> {
                softmax(logits, offset, experts, scores);
                System.arraycopy(scores, 0, ranks, 0, experts);
                int size = experts / groups;
                for (int g = 0; g < groups; g++) {
                    room.groupRanks[g] = max(ranks, g * size, size);
                }
                // Experts elsewhere count as 0, below every softmax score.
                dropGroups(room, groups, chosenGroups, size, 0);
                best(ranks, experts, chosen, router.topK());
                weigh(weighting, scores, chosen, weights, router.topK());
            }
            case Router.SigmoidGroupedTopK(
                    var _,
                    var _,
                    int _,
                    int groups,
                    int chosenGroups,
                    Router.Weighting weighting) -> {
                for (int e = 0; e < experts; e++) {
                    scores[e] = sigmoid(logits[offset + e]);
                    ranks[e] = scores[e] + correctionBias[e];
                }
                int size = experts / groups;
                for (int g = 0; g < groups; g++) {
                    room.groupRanks[g] = sumOfTwoBest(ranks, g * size, size);
                }
                dropGroups(room, groups, chosenGroups, size, Double.NEGATIVE_INFINITY);
                best(ranks, experts, chosen, router.topK());
                weigh(weighting, scores, chosen, weights, router.topK());
            }
            case Router.SigmoidOnInput _ -> {
                for (int e = 0; e < experts; e++) {
                    ranks[e] = logits[offset + e];
                }
                best(ranks, experts, chosen, router.topK());
                for (int j = 0; j < router.topK(); j++) {
                    weights[j] = (float) sigmoid(logits[offset + chosen[j]]);
                }
            }
        }
    }

    private static double sigmoid(double x) {
        return 1 / (1 + Math.exp(-x));
    }

    private static void softmax(float[] logits, int offset, int count, double[] into) {
        double max = Double.NEGATIVE_INFINITY;
        for (int e = 0; e < count; e++) {
            max = Math.max(max, logits[offset + e]);
        }
        double sum = 0;
        for (int e = 0; e < count; e++) {
            into[e] = Math.exp(logits[offset + e] - max);
            sum += into[e];
        }
        for (int e = 0; e < count; e++) {
            into[e] /= sum;
        }
    }

    private static double max(double[] values, int from, int count) {
        double max = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            max = Math.max(max, values[i]);
        }
        return max;
    }

    private static double sumOfTwoBest(double[] values, int from, int count) {
        double best = Double.NEGATIVE_INFINITY;
        double second = Double.NEGATIVE_INFINITY;
        for (int i = from; i < from + count; i++) {
            if (values[i] > best) {
                second = best;
                best = values[i];
            } else if (values[i] > second) {
                second = values[i];
            }
        }
        return best + second;
    }

    /// Gives the experts of all groups but the `chosen` best another rank.
    private static void dropGroups(Routing room, int groups, int chosen, int size, double rank) {
        double[] groupRanks = room.groupRanks;
        for (int j = 0; j < chosen; j++) {
            groupRanks[indexOfMax(groupRanks, groups)] = Double.NaN;
        }
        for (int g = 0; g < groups; g++) {
            if (!Double.isNaN(groupRanks[g])) {
                Arrays.fill(room.ranks, g * size, (g + 1) * size, rank);
            }
        }
    }

    /// The indices of the largest ranks, largest first; of equal ones the lower index first. Forgets their ranks.
    private static void best(double[] ranks, int count, int[] chosen, int topK) {
        for (int j = 0; j < topK; j++) {
            chosen[j] = indexOfMax(ranks, count);
            ranks[chosen[j]] = Double.NaN;
        }
    }

    /// The first index of the largest value that is not NaN.
    private static int indexOfMax(double[] values, int count) {
        int best = -1;
        for (int i = 0; i < count; i++) {
            if (!Double.isNaN(values[i]) && (best == -1 || values[i] > values[best])) {
                best = i;
            }
        }
        if (best == -1) {
            throw new IllegalStateException("all scores of the router are NaN");
        }
        return best;
    }

    private static void weigh(Router.Weighting weighting, double[] scores, int[] chosen, float[] weights, int topK) {
        switch (weighting) {
            case Router.Weighting.Score(double scale) -> {
                for (int j = 0; j < topK; j++) {
                    weights[j] = (float) (scores[chosen[j]] * scale);
                }
            }
            case Router.Weighting.ShareOfChosen(double eps, double scale) -> {
                double sum = eps;
                for (int j = 0; j < topK; j++) {
                    sum += scores[chosen[j]];
                }
                for (int j = 0; j < topK; j++) {
                    weights[j] = (float) (scores[chosen[j]] / sum * scale);
                }
            }
        }
    }
}
