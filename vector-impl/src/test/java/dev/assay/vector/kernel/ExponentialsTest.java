package dev.assay.vector.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.assay.config.HiddenActivation;
import dev.assay.reference.math.ScalarMath;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class ExponentialsTest {
    static IntStream sizes() {
        return Sizes.all();
    }

    @Test
    void expIsWithinTwoUlps() {
        int n = 200_003;
        float[] x = new float[n];
        for (int i = 0; i < n; i++) {
            x[i] = -104 + i * (192f / n);
        }
        float[] e = x.clone();
        Exponentials.exp(e, 0, n, 0);
        for (int i = 0; i < n; i++) {
            double exact = StrictMath.exp(x[i]);
            assertThat((double) e[i])
                    .as("exp(%s)", x[i])
                    .isCloseTo(exact, within(2 * (double) Math.ulp((float) exact)));
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void lanesAndTailAgreeToTheBit(int n) {
        float[] x = Sizes.normal(n, 1);
        float[] together = x.clone();
        float sum = Exponentials.exp(together, 0, n, 0.5f);
        double expected = 0;
        for (int i = 0; i < n; i++) {
            float[] alone = {x[i]};
            Exponentials.exp(alone, 0, 1, 0.5f);
            assertThat(together[i]).isEqualTo(alone[0]);
            expected += together[i];
        }
        assertThat((double) sum).isCloseTo(expected, within(expected * n * 0x1p-24));
    }

    @Test
    void extremesAreBounded() {
        float[] x = new float[2 * Lanes.LENGTH + 1];
        float[][] cases = {
            {Float.NEGATIVE_INFINITY, 0},
            {-1e30f, 0},
            {-104, 0},
            {-0f, 1},
            {0, 1},
            {Float.MIN_VALUE, 1},
            {1000, 1.6516363e38f}
        };
        for (float[] pair : cases) {
            java.util.Arrays.fill(x, pair[0]);
            Exponentials.exp(x, 0, x.length, 0);
            for (float value : x) {
                assertThat(value).as("exp(%s)", pair[0]).isEqualTo(pair[1]);
            }
        }
        java.util.Arrays.fill(x, Float.NaN);
        assertThat(Exponentials.exp(x, 0, x.length, 0)).isNaN();
        for (float value : x) {
            assertThat(value).isNaN();
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void boundsByTanh(int n) {
        for (float bound : new float[] {1, 30}) {
            for (float spread : new float[] {1e-4f, 1, 40}) {
                float[] x = Sizes.normal(n, 2);
                for (int i = 0; i < n; i++) {
                    x[i] *= spread * bound;
                }
                float[] y = x.clone();
                Exponentials.boundByTanh(bound, y, 0, n);
                for (int i = 0; i < n; i++) {
                    double exact = bound * StrictMath.tanh(x[i] / (double) bound);
                    // Seven operations round by half an ulp each, of a number that may have up to twice the ulps.
                    assertThat((double) y[i])
                            .as("%s bounded by %s", x[i], bound)
                            .isCloseTo(exact, within(7 * (double) Math.ulp((float) exact)));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void activationsAreTheReferences(HiddenActivation activation) {
        Sizes.all().forEach(n -> {
            float[] x = Sizes.normal(n, 3);
            for (int i = 0; i < n; i++) {
                x[i] *= 3;
            }
            float[] y = x.clone();
            Activations.apply(activation, y, 0, n, new float[n]);
            for (int i = 0; i < n; i++) {
                double exact = ScalarMath.activate(activation, x[i]);
                // Relative to the argument: GELU's far tail is a small difference that no float32 formula keeps.
                assertThat((double) y[i])
                        .as("%s(%s)", activation, x[i])
                        .isCloseTo(exact, within(4 * Math.abs(x[i]) * 0x1p-24 + 0x1p-126));
            }
        });
    }

    @Test
    void erfcIsTheNormalDistribution() {
        for (double x = -6; x <= 6; x += 0.01) {
            double exact = 2 * ScalarMath.normalCdf(-x * Math.sqrt(2));
            assertThat(Activations.erfc(x)).as("erfc(%s)", x).isCloseTo(exact, within(1e-13 + 1e-10 * exact));
        }
    }
}
