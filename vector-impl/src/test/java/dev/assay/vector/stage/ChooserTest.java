package dev.assay.vector.stage;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.assay.plan.Router;
import dev.assay.plan.VectorRef;
import dev.assay.plan.WeightRef;
import org.junit.jupiter.api.Test;

class ChooserTest {
    private static final WeightRef WEIGHT = WeightRef.rowsFirst("router", 6, 4);

    private final int[] chosen = new int[2];
    private final float[] weights = new float[2];

    private void choose(Router router, float[] bias, float... logits) {
        float[] padded = new float[logits.length + 1];
        System.arraycopy(logits, 0, padded, 1, logits.length);
        new Chooser(router, bias).choose(padded, 1, new Routing(1, logits.length, 2), chosen, weights);
    }

    @Test
    void softmaxChoosesTheLargestAndTheLowerIndexOfEqualOnes() {
        choose(new Router.SoftmaxTopK(WEIGHT, 2, new Router.Weighting.Score(2)), new float[0], 0, 1, 1, 0, 0, 0);
        assertThat(chosen).containsExactly(1, 2);
        float share = (float) (2 * Math.E / (2 * Math.E + 4));
        assertThat(weights).containsExactly(share, share);
    }

    @Test
    void weightsMayBeSharesOfTheChosen() {
        Router router = new Router.SoftmaxTopK(WEIGHT, 2, new Router.Weighting.ShareOfChosen(0, 3));
        choose(router, new float[0], 0, (float) Math.log(3), 0, 0, 0, -1);
        assertThat(chosen).containsExactly(1, 0);
        assertThat(weights[0]).isCloseTo(3 * 0.75f, org.assertj.core.api.Assertions.within(1e-6f));
        assertThat(weights[1]).isCloseTo(3 * 0.25f, org.assertj.core.api.Assertions.within(1e-6f));
    }

    @Test
    void groupsOfSoftmaxAreRankedByTheirBest() {
        Router router = new Router.SoftmaxGroupedTopK(WEIGHT, 2, 3, 1, new Router.Weighting.Score(1));
        // The middle group has the larger sum, the last one the best expert.
        choose(router, new float[0], 0, 0, 2, 2, 3, -5);
        assertThat(chosen).containsExactly(4, 5);
    }

    @Test
    void groupsOfSigmoidAreRankedByTheirTwoBestWithTheBias() {
        Router router =
                new Router.SigmoidGroupedTopK(WEIGHT, VectorRef.of("bias", 6), 2, 3, 1, new Router.Weighting.Score(1));
        choose(router, new float[] {0, 0, 0, 0, -2, -2}, 0, 0, 1, 1, 3, 3);
        assertThat(chosen).containsExactly(2, 3);
        // The bias chooses and does not weigh.
        assertThat(weights[0]).isEqualTo((float) (1 / (1 + Math.exp(-1))));
    }

    @Test
    void expertsOfOtherGroupsAreNeverChosenHoweverLowTheRest() {
        Router router =
                new Router.SigmoidGroupedTopK(WEIGHT, VectorRef.of("bias", 6), 2, 3, 1, new Router.Weighting.Score(1));
        choose(router, new float[] {-9, -9, -8, -9, -7, -30}, 0, 0, 0, 0, 0, 0);
        assertThat(chosen).containsExactly(2, 3);
    }

    @Test
    void sigmoidOnInputRanksLogits() {
        choose(new Router.SigmoidOnInput(WEIGHT, 2), new float[0], -1, -2, -3, -0.5f, -4, -5);
        assertThat(chosen).containsExactly(3, 0);
        assertThat(weights[1]).isEqualTo((float) (1 / (1 + Math.exp(1))));
    }

    @Test
    void nanIsSaidNotChosen() {
        Router router = new Router.SigmoidOnInput(WEIGHT, 1);
        assertThatThrownBy(() ->
                        choose(router, new float[0], Float.NaN, Float.NaN, Float.NaN, Float.NaN, Float.NaN, Float.NaN))
                .hasMessageContaining("NaN");
    }
}
