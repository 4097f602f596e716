package dev.assay.vector.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TilesTest {
    static IntStream sizes() {
        return Sizes.all();
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void tilesAreTripleLoops(int depth) {
        int rows = 2 * Tiles.ROWS;
        for (int vectors : new int[] {1, Panels.WIDE}) {
            int lanes = vectors * Lanes.LENGTH;
            float[] a = Sizes.normal(rows * depth + 7, 1);
            float[] b = Sizes.normal(depth * lanes + 3, 2);
            float[] c = Sizes.normal(rows * lanes, 3);
            float[] rowsFirst = c.clone();
            Tiles.multiply(a, 7, depth, 1, rows, depth, b, 3, vectors, rowsFirst, 0);
            float[] columnsFirst = c.clone();
            Tiles.multiply(a, 7, 1, rows, rows, depth, b, 3, vectors, columnsFirst, 0);
            for (int r = 0; r < rows; r++) {
                for (int l = 0; l < lanes; l++) {
                    double expected = c[r * lanes + l];
                    double transposed = expected;
                    for (int k = 0; k < depth; k++) {
                        expected += (double) a[7 + r * depth + k] * b[3 + k * lanes + l];
                        transposed += (double) a[7 + k * rows + r] * b[3 + k * lanes + l];
                    }
                    assertThat((double) rowsFirst[r * lanes + l])
                            .isCloseTo(expected, within(Sizes.tolerance(depth + 1)));
                    assertThat((double) columnsFirst[r * lanes + l])
                            .isCloseTo(transposed, within(Sizes.tolerance(depth + 1)));
                }
            }
        }
    }

    @Test
    void panelsCoverEveryTokenOnce() {
        for (int tokens = 1; tokens < 300; tokens++) {
            int next = 0;
            int lanes = 0;
            for (int p = 0; p < Panels.count(tokens); p++) {
                assertThat(Panels.start(p, tokens)).isEqualTo(next).isEqualTo(lanes);
                next += Panels.tokens(p, tokens);
                lanes += Panels.vectors(p, tokens) * Lanes.LENGTH;
            }
            assertThat(next).isEqualTo(tokens);
            assertThat(lanes).isEqualTo(Panels.lanes(tokens)).isLessThan(tokens + Lanes.LENGTH);
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void packingAndUnpackingGiveBackTheRows(int width) {
        int tokens = 5;
        int lanes = Math.ceilDiv(tokens, Lanes.LENGTH) * Lanes.LENGTH;
        int stride = width + 2;
        float[] x = Sizes.normal(3 + tokens * stride, 4);
        int[] rows = {4, 0, 3, 1, 2};
        float[] panel = new float[1 + width * lanes];
        Arrays.fill(panel, Float.NaN);
        int split = width / 2;
        Panels.pack(x, 3, stride, rows, 0, tokens, 0, split, panel, 1, lanes);
        Panels.pack(x, 3, stride, rows, 0, tokens, split, width, panel, 1, lanes);
        float[] y = new float[tokens * stride];
        Panels.unpack(panel, 1, lanes, width, tokens, y, 0, stride);
        for (int t = 0; t < tokens; t++) {
            for (int i = 0; i < width; i++) {
                assertThat(y[t * stride + i]).isEqualTo(x[3 + rows[t] * stride + i]);
            }
        }
        for (int i = 0; i < width; i++) {
            for (int l = tokens; l < lanes; l++) {
                assertThat(panel[1 + i * lanes + l]).as("spare lane").isZero();
            }
        }
    }

    @Test
    void phasesGiveBackTheVector() {
        for (int phases : new int[] {1, 2, 4}) {
            Sizes.all().forEach(n -> {
                float[] x = Sizes.normal(n, 5);
                float[] split = new float[n];
                Phases.split(x, 0, n, phases, split);
                float[] joined = new float[n];
                Phases.join(split, n, phases, joined, 0);
                assertThat(joined).isEqualTo(x);
            });
        }
    }
}
