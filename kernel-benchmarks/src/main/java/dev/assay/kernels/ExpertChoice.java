package dev.assay.kernels;

import dev.assay.plan.Router;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightRef;
import dev.assay.reference.math.ScalarMath;
import dev.assay.vector.stage.Chooser;
import dev.assay.vector.stage.Routing;
import java.util.Arrays;
import org.openjdk.jmh.annotations.Param;

/// From a token's router logits to its experts and their weights. Bound: none worth a share, as comparisons are no
/// floating-point operations that a ceiling counts. The engine's side is scalar too: it must be right, and is short.
public class ExpertChoice extends KernelBenchmark {
    /// Published routers.
    public enum Model {
        /// The 8 of 128 with the largest softmax.
        QWEN3_MOE(128),
        /// The 8 of 256 in the 4 of 8 groups with the largest sum of two, by sigmoid and bias.
        DEEPSEEK_V3(256);

        private final int experts;

        Model(int experts) {
            this.experts = experts;
        }
    }

    private static final int TOP_K = 8;
    private static final int GROUPS = 8;
    private static final int CHOSEN_GROUPS = 4;
    private static final double SCALE = 2.5;

    @Param({"QWEN3_MOE", "DEEPSEEK_V3"})
    public Model model = Model.QWEN3_MOE;

    @Override
    Pair pair() {
        int experts = model.experts;
        WeightRef weight = WeightRef.rowsFirst("router", experts, 1);
        float[] logits = Numbers.normal(experts, 1);
        float[] bias = model == Model.QWEN3_MOE ? new float[0] : Numbers.normal(experts, 2);
        Router router = switch (model) {
            case QWEN3_MOE -> new Router.SoftmaxTopK(weight, TOP_K, new Router.Weighting.ShareOfChosen(0, 1));
            case DEEPSEEK_V3 ->
                new Router.SigmoidGroupedTopK(
                        weight,
                        VectorRef.of("bias", experts),
                        TOP_K,
                        GROUPS,
                        CHOSEN_GROUPS,
                        new Router.Weighting.ShareOfChosen(0, SCALE));
        };
        Chooser chooser = new Chooser(router, bias);
        Routing room = new Routing(1, experts, TOP_K);
        int[] chosen = new int[TOP_K];
        float[] weights = new float[TOP_K];
        float[] result = new float[2 * TOP_K];
        return new Pair(
                () -> {
                    chooser.choose(logits, 0, room, chosen, weights);
                    return result(chosen, weights, result);
                },
                () -> switch (model) {
                    case QWEN3_MOE -> softmaxTopK(logits);
                    case DEEPSEEK_V3 -> sigmoidGroupedTopK(logits, bias);
                },
                Work.inCache((long) Float.BYTES * (logits.length + bias.length), 0),
                // Experts are whole numbers and so exact; weights are rounded once on either side.
                4 * 0x1p-24);
    }

    /// Experts, then their weights.
    private static float[] result(int[] chosen, float[] weights, float[] into) {
        for (int j = 0; j < TOP_K; j++) {
            into[j] = chosen[j];
            into[TOP_K + j] = weights[j];
        }
        return into;
    }

    private static float[] softmaxTopK(float[] logits) {
        double[] scores = new double[logits.length];
        Arrays.setAll(scores, e -> logits[e]);
        scores = ScalarMath.softmax(scores);
        return weighted(ScalarMath.topK(scores, TOP_K), scores, 1);
    }

    private static float[] sigmoidGroupedTopK(float[] logits, float[] bias) {
        double[] scores = new double[logits.length];
        double[] ranks = new double[logits.length];
        for (int e = 0; e < scores.length; e++) {
            scores[e] = ScalarMath.sigmoid(logits[e]);
            ranks[e] = scores[e] + bias[e];
        }
        int size = scores.length / GROUPS;
        double[] groupRanks = new double[GROUPS];
        for (int g = 0; g < GROUPS; g++) {
            double[] group = Arrays.copyOfRange(ranks, g * size, (g + 1) * size);
            for (int e : ScalarMath.topK(group, 2)) {
                groupRanks[g] += group[e];
            }
        }
        double[] allowed = new double[ranks.length];
        Arrays.fill(allowed, Double.NEGATIVE_INFINITY);
        for (int g : ScalarMath.topK(groupRanks, CHOSEN_GROUPS)) {
            System.arraycopy(ranks, g * size, allowed, g * size, size);
        }
        return weighted(ScalarMath.topK(allowed, TOP_K), scores, SCALE);
    }

    private static float[] weighted(int[] chosen, double[] scores, double scale) {
        double sum = 0;
        for (int e : chosen) {
            sum += scores[e];
        }
        float[] weights = new float[TOP_K];
        for (int j = 0; j < TOP_K; j++) {
            weights[j] = (float) (scores[chosen[j]] / sum * scale);
        }
        return result(chosen, weights, new float[2 * TOP_K]);
    }
}
