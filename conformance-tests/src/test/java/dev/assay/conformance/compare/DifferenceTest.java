package dev.assay.conformance.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import dev.assay.engine.TapPoint;
import org.junit.jupiter.api.Test;

class DifferenceTest {
    private static final double[][] EXPECTED = {{1, 2, 3}, {4, 5, 6}}; // [T][width]

    @Test
    void measuresRmsAndMaxAndWhereItIs() {
        Difference difference = measure(new float[][] {{1, 2, 3.5f}, {4, 4, 6}});

        assertThat(difference.elements()).isEqualTo(6);
        assertThat(difference.rms()).isCloseTo(Math.sqrt((0.25 + 1) / 6), within(1e-15));
        assertThat(difference.max()).isEqualTo(1);
        assertThat(difference.token()).isEqualTo(1);
        assertThat(difference.channel()).isEqualTo(1);
        assertThat(difference.expected()).isEqualTo(5);
        assertThat(difference.actual()).isEqualTo(4);
    }

    @Test
    void ofEqualDifferencesTheFirstIsNamed() {
        Difference difference = measure(new float[][] {{1, 3, 3}, {3, 5, 7}});

        assertThat(difference.max()).isEqualTo(1);
        assertThat(difference.token()).isZero();
        assertThat(difference.channel()).isEqualTo(1);
    }

    @Test
    void equalValuesDifferByNothingAndCountAllTheSame() {
        Difference difference = measure(new float[][] {{1, 2, 3}, {4, 5, 6}});

        assertThat(difference.elements()).isEqualTo(6);
        assertThat(difference.rms()).isZero();
        assertThat(difference.max()).isZero();
    }

    @Test
    void theFirstNanIsTheWorstWhateverFollows() {
        Difference difference = measure(new float[][] {{1, Float.NaN, 3}, {Float.NaN, 1e9f, 6}});

        assertThat(difference.rms()).isNaN();
        assertThat(difference.max()).isNaN();
        assertThat(difference.token()).isZero();
        assertThat(difference.channel()).isEqualTo(1);
    }

    @Test
    void infinityIsInfinitelyFarOff() {
        assertThat(measure(new float[][] {{1, 2, Float.NEGATIVE_INFINITY}, {4, 5, 6}})
                        .max())
                .isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void anotherNumberOfRowsOrValuesIsNoDifferenceButAnError() {
        assertThatThrownBy(() -> measure(new float[][] {{1, 2, 3}}))
                .isInstanceOf(ShapeMismatchException.class)
                .hasMessage("logits of prompt p: expected 2 rows, found 1");
        assertThatThrownBy(() -> measure(new float[][] {{1, 2, 3}, {4, 5}}))
                .isInstanceOf(ShapeMismatchException.class)
                .hasMessage("logits of prompt p, row 1: expected 3 values, found 2");
    }

    @Test
    void nothingToCompareIsAnError() {
        assertThatThrownBy(() -> Difference.measure(TapPoint.LOGITS, "p", new double[0][], new float[0][]))
                .isInstanceOf(ShapeMismatchException.class)
                .hasMessage("logits of prompt p has no elements to compare");
    }

    private static Difference measure(float[][] actual) {
        return Difference.measure(TapPoint.LOGITS, "p", EXPECTED, actual);
    }
}
