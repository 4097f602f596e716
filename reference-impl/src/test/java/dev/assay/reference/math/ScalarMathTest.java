package dev.assay.reference.math;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.assertj.core.api.Assertions.withinPercentage;

import dev.assay.config.HiddenActivation;
import org.junit.jupiter.api.Test;

class ScalarMathTest {
    /// A few units in the last place of a double near 1: elementary functions differ by one between libraries.
    private static final double DOUBLE_ULPS = 1e-15;

    @Test
    void dotAddsInDouble() {
        // In float32, 1 is lost beside 1e8.
        assertThat(ScalarMath.dot(new float[] {1e8f, 1, -1e8f}, new float[] {1, 1, 1}))
                .isEqualTo(1);
    }

    @Test
    void dotMultipliesInDouble() {
        // (1 + ε)² − (1 + 2ε) = ε², which a product rounded to float32 does not have.
        float epsilon = 0x1p-23f;
        assertThat(ScalarMath.dot(new float[] {1 + epsilon, 1}, new float[] {1 + epsilon, -(1 + 2 * epsilon)}))
                .isEqualTo(0x1p-46);
    }

    @Test
    void dotRefusesDifferentLengths() {
        assertThatThrownBy(() -> ScalarMath.dot(new float[3], new float[2]))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected length 3, found 2");
    }

    @Test
    void linearTakesRowsAsOutputs() {
        float[][] weight = {{1, 2}, {3, 4}, {5, 6}}; // [3][2]
        assertThat(ScalarMath.linear(weight, new float[] {10, 1})).containsExactly(12, 34, 56);
        assertThat(ScalarMath.linear(weight, new float[] {100, 200, 300}, new float[] {10, 1}))
                .containsExactly(112, 234, 356);
        assertThat(ScalarMath.linear(weight, new float[][] {{10, 1}, {0, 1}})).isDeepEqualTo(new float[][] {
            {12, 34, 56}, {2, 4, 6}
        });
        assertThat(ScalarMath.linear(weight, new float[] {100, 200, 300}, new float[][] {{0, 1}}))
                .isDeepEqualTo(new float[][] {{102, 204, 306}});
    }

    @Test
    void linearAddsTheBiasBeforeItRounds() {
        // 1 + 3/4 h + 1/2 h with h half a unit in the last place: above 1 + h together, below it one by one.
        float h = 0x1p-24f;
        assertThat(ScalarMath.linear(new float[][] {{1, 0.75f * h}}, new float[] {0.5f * h}, new float[] {1, 1}))
                .containsExactly(1 + 0x1p-23f);
    }

    @Test
    void linearRefusesABiasOfAnotherLength() {
        assertThatThrownBy(() -> ScalarMath.linear(new float[][] {{1}, {2}}, new float[] {1}, new float[] {1}))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected length 2, found 1");
    }

    @Test
    void rmsNormAddsEpsUnderTheRoot() {
        // mean(3², 4²) = 12.5; eps 12.5 makes the root 5.
        assertThat(ScalarMath.rmsNorm(new float[] {3, 4}, new float[] {1, 10}, 12.5))
                .containsExactly(0.6f, 8);
    }

    @Test
    void rmsNormOfSmallActivationsFeelsEps() {
        // Mean square 1e-6: eps of the same size takes √2 off, eps ten times smaller √1.1.
        float[] x = {1e-3f, -1e-3f};
        float[] ones = {1, 1};
        assertThat(ScalarMath.rmsNorm(x, ones, 1e-6)[0]).isCloseTo((float) Math.sqrt(1 / 2.0), within(1e-7f));
        assertThat(ScalarMath.rmsNorm(x, ones, 1e-7)[0]).isCloseTo((float) Math.sqrt(1 / 1.1), within(1e-7f));
    }

    @Test
    void rmsNormOfZeroIsZero() {
        assertThat(ScalarMath.rmsNorm(new float[2], new float[] {1, 1}, 1e-6)).containsExactly(0, 0);
    }

    @Test
    void rmsNormTreatsEveryTokenByItself() {
        float[][] normed = ScalarMath.rmsNorm(new float[][] {{3, 4}, {6, 8}}, new float[] {1, 1}, 0);
        assertThat(normed[1]).containsExactly(normed[0]);
    }

    @Test
    void rmsNormRefusesAWeightOfAnotherLength() {
        assertThatThrownBy(() -> ScalarMath.rmsNorm(new float[3], new float[2], 1e-6))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("expected length 3, found 2");
    }

    @Test
    void softmaxOfLargeScoresDoesNotOverflow() {
        double[] expected = {0.2447284710547976, 0.6652409557748218, 0.09003057317038045}; // of 0, 1, -1
        assertThat(ScalarMath.softmax(new double[] {5000, 5001, 4999})).containsExactly(expected, within(DOUBLE_ULPS));
        assertThat(ScalarMath.softmax(new double[] {-5000, -4999, -5001}))
                .containsExactly(expected, within(DOUBLE_ULPS));
    }

    @Test
    void softmaxOfOneScoreIsOne() {
        assertThat(ScalarMath.softmax(new double[] {-1e308})).containsExactly(1);
    }

    @Test
    void activationsAgreeWithPyTorch() {
        double[] x = {-3, -0.5, 0, 0.75, 2};
        double[] sigmoid = {
            0.04742587317756678, 0.3775406687981454, 0.5, 0.679178699175393, 0.8807970779778823,
        };
        double[] silu = {
            -0.14227761953270035, -0.1887703343990727, 0, 0.5093840243815447, 1.7615941559557646,
        };
        double[] geluTanh = {
            -0.0036373920817729943, -0.15428599017485606, 0, 0.5799605551656203, 1.954597694087775,
        };
        double[] geluErf = {
            -0.004049694094890284, -0.15426876936299344, 0, 0.5800294857173488, 1.9544997361036416,
        };
        for (int i = 0; i < x.length; i++) {
            assertThat(ScalarMath.sigmoid(x[i])).isCloseTo(sigmoid[i], within(DOUBLE_ULPS));
            assertThat(ScalarMath.silu(x[i])).isCloseTo(silu[i], within(DOUBLE_ULPS));
            assertThat(ScalarMath.geluTanh(x[i])).isCloseTo(geluTanh[i], within(DOUBLE_ULPS));
            assertThat(ScalarMath.geluErf(x[i])).isCloseTo(geluErf[i], within(DOUBLE_ULPS));
            assertThat(ScalarMath.activate(HiddenActivation.SILU, x[i])).isEqualTo(ScalarMath.silu(x[i]));
            assertThat(ScalarMath.activate(HiddenActivation.GELU_TANH, x[i])).isEqualTo(ScalarMath.geluTanh(x[i]));
            assertThat(ScalarMath.activate(HiddenActivation.GELU_ERF, x[i])).isEqualTo(ScalarMath.geluErf(x[i]));
        }
    }

    @Test
    void activationsOfLargeArgumentsStayFinite() {
        assertThat(ScalarMath.sigmoid(-1000)).isZero();
        assertThat(ScalarMath.silu(-1000)).isZero();
        assertThat(ScalarMath.silu(1000)).isEqualTo(1000);
        assertThat(ScalarMath.geluTanh(-1000)).isZero();
        assertThat(ScalarMath.geluTanh(1000)).isEqualTo(1000);
        assertThat(ScalarMath.geluErf(-1000)).isZero();
        assertThat(ScalarMath.geluErf(1000)).isEqualTo(1000);
    }

    /// Expected shares were worked out with 40 digits.
    @Test
    void normalCdfKeepsItsDigitsInBothTails() {
        double[] x = {-30, -8, -3, -2, -1.999, -0.5, 0, 0.75, 1.9999, 2, 4.5};
        double[] share = {
            4.906713927148187e-198,
            6.220960574271784e-16,
            0.0013498980316300946,
            0.02275013194817921,
            0.022804176932658883,
            0.3085375387259869,
            0.5,
            0.7733726476231318,
            0.9772444684152328,
            0.9772498680518208,
            0.9999966023268753,
        };
        for (int i = 0; i < x.length; i++) {
            // exp alone loses as many digits as its argument has before the point.
            assertThat(ScalarMath.normalCdf(x[i])).isCloseTo(share[i], withinPercentage(1e-10));
        }
    }

    @Test
    void addLeavesItsArgumentsAlone() {
        float[][] a = {{1, 2}};
        float[][] b = {{10, 20}};
        assertThat(ScalarMath.add(a, b)).isDeepEqualTo(new float[][] {{11, 22}});
        assertThat(a).isDeepEqualTo(new float[][] {{1, 2}});
        assertThat(b).isDeepEqualTo(new float[][] {{10, 20}});
    }

    @Test
    void addRefusesDifferentShapes() {
        assertThatThrownBy(() -> ScalarMath.add(new float[2][2], new float[1][2]))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> ScalarMath.add(new float[1][2], new float[1][3]))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void headsLieSideBySide() {
        assertThat(ScalarMath.splitHeads(new float[] {1, 2, 3, 4, 5, 6}, 3))
                .isDeepEqualTo(new float[][] {{1, 2}, {3, 4}, {5, 6}});
        assertThatThrownBy(() -> ScalarMath.splitHeads(new float[6], 4))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("6 elements cannot be split into 4 heads");
    }

    @Test
    void sliceAndConcatenateAreInverse() {
        float[] row = {1, 2, 3, 4, 5};
        assertThat(ScalarMath.slice(row, 2, 2)).containsExactly(3, 4);
        assertThat(ScalarMath.concatenate(ScalarMath.slice(row, 0, 2), ScalarMath.slice(row, 2, 3)))
                .containsExactly(row);
    }

    @Test
    void topKIsInDescendingOrderAndPrefersTheLowerIndex() {
        assertThat(ScalarMath.topK(new double[] {2, 5, 5, -1, 7}, 4)).containsExactly(4, 1, 2, 0);
        assertThat(ScalarMath.topK(new double[] {-3, -1, -2}, 2)).containsExactly(1, 2);
        assertThat(ScalarMath.topK(new double[] {Double.NEGATIVE_INFINITY, -1, Double.NEGATIVE_INFINITY}, 2))
                .containsExactly(1, 0);
    }

    @Test
    void topKCannotChooseMoreThanThereIs() {
        assertThatThrownBy(() -> ScalarMath.topK(new double[2], 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("cannot choose 3 of 2");
    }
}
