package dev.assay.vector.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.assay.reference.math.ScalarMath;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Each kernel against its scalar twin, at an offset, with numbers around it that must stay as they are.
class RowsTest {
    private static final int OFFSET = 5;
    private static final float UNTOUCHED = 1234.5f;

    static IntStream sizes() {
        return Sizes.all();
    }

    private static float[] padded(float[] x) {
        float[] padded = new float[x.length + 2 * OFFSET];
        Arrays.fill(padded, UNTOUCHED);
        System.arraycopy(x, 0, padded, OFFSET, x.length);
        return padded;
    }

    private static float[] checkedMiddle(float[] padded) {
        for (int i = 0; i < OFFSET; i++) {
            assertThat(padded[i]).isEqualTo(UNTOUCHED);
            assertThat(padded[padded.length - 1 - i]).isEqualTo(UNTOUCHED);
        }
        return Arrays.copyOfRange(padded, OFFSET, padded.length - OFFSET);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void dotIsTheScalarDot(int n) {
        float[] a = Sizes.normal(n, 1);
        float[] b = Sizes.normal(n, 2);
        assertThat((double) Rows.dot(padded(a), OFFSET, padded(b), OFFSET, n))
                .isCloseTo(ScalarMath.dot(a, b), within(Sizes.tolerance(n)));
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void sumsAndMaximaAreThoseOfALoop(int n) {
        float[] x = Sizes.normal(n, 3);
        double sum = 0;
        double squares = 0;
        float max = Float.NEGATIVE_INFINITY;
        for (float value : x) {
            sum += value;
            squares += (value - 0.25) * (value - 0.25);
            max = Math.max(max, value);
        }
        assertThat((double) Rows.sum(padded(x), OFFSET, n)).isCloseTo(sum, within(Sizes.tolerance(n)));
        assertThat((double) Rows.squares(padded(x), OFFSET, 0.25f, n))
                .isCloseTo(squares, within(4 * Sizes.tolerance(n)));
        assertThat(Rows.max(padded(x), OFFSET, n)).isEqualTo(max);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void elementwiseKernelsAreLoops(int n) {
        float[] x = Sizes.normal(n, 4);
        float[] y = Sizes.normal(n, 5);

        float[] added = padded(y);
        Rows.add(padded(x), OFFSET, added, OFFSET, n);
        float[] fused = padded(y);
        Rows.addScaled(0.7f, padded(x), OFFSET, fused, OFFSET, n);
        float[] scaled = padded(y);
        Rows.scale(0.7f, scaled, OFFSET, n);
        float[] multiplied = padded(y);
        Rows.multiply(padded(x), OFFSET, multiplied, OFFSET, n);
        float[] cut = padded(y);
        Rows.cut(0.3f, cut, OFFSET, n);
        float[] normalised = padded(y);
        Rows.normalise(padded(x), OFFSET, 0.1f, 0.7f, y, normalised, OFFSET, n);

        float[] expectedSum = new float[n];
        float[] expectedFused = new float[n];
        float[] expectedScaled = new float[n];
        float[] expectedProduct = new float[n];
        float[] expectedCut = new float[n];
        float[] expectedNormalised = new float[n];
        for (int i = 0; i < n; i++) {
            expectedSum[i] = y[i] + x[i];
            expectedFused[i] = Math.fma(0.7f, x[i], y[i]);
            expectedScaled[i] = 0.7f * y[i];
            expectedProduct[i] = y[i] * x[i];
            expectedCut[i] = Math.max(0, y[i] - 0.3f);
            expectedNormalised[i] = (x[i] - 0.1f) * 0.7f * y[i];
        }
        assertThat(checkedMiddle(added)).isEqualTo(expectedSum);
        assertThat(checkedMiddle(fused)).isEqualTo(expectedFused);
        assertThat(checkedMiddle(scaled)).isEqualTo(expectedScaled);
        assertThat(checkedMiddle(multiplied)).isEqualTo(expectedProduct);
        assertThat(checkedMiddle(cut)).isEqualTo(expectedCut);
        assertThat(checkedMiddle(normalised)).isEqualTo(expectedNormalised);
    }

    @Test
    void aSumOfLanesDoesNotDependOnWhoComputesIt() {
        // Interpreted at first, compiled in the end: the same bits throughout.
        float[] a = Sizes.normal(1000, 6);
        float[] b = Sizes.normal(1000, 7);
        int first = Float.floatToRawIntBits(Rows.dot(a, 0, b, 0, 1000));
        for (int i = 0; i < 20_000; i++) {
            assertThat(Float.floatToRawIntBits(Rows.dot(a, 0, b, 0, 1000))).isEqualTo(first);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void oneNanMakesTheSumNan(int n) {
        for (int at : new int[] {0, n / 2, n - 1}) {
            float[] x = Sizes.normal(n, 8);
            x[at] = Float.NaN;
            assertThat(Rows.dot(x, 0, Sizes.normal(n, 9), 0, n)).isNaN();
            assertThat(Rows.squares(x, 0, 0, n)).isNaN();
        }
    }
}
