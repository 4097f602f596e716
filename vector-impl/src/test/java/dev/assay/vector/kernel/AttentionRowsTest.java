package dev.assay.vector.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class AttentionRowsTest {
    static IntStream sizes() {
        return Sizes.all().filter(n -> n < 1000);
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void scoresAndSumsAreLoops(int width) {
        for (int count : new int[] {1, 2, 3, 4, 5, 9}) {
            float[] q = Sizes.normal(width + 2, 1);
            float[] rows = Sizes.normal(1 + count * width, 2);
            float[] scores = new float[count + 3];
            AttentionRows.scores(q, 2, width, rows, 1, count, 0.5f, scores, 3, new float[4 * Lanes.LENGTH]);
            float[] p = Sizes.normal(count, 3);
            float[] before = Sizes.normal(width, 4);
            float[] sum = before.clone();
            AttentionRows.weightedSum(p, 0, count, rows, 1, width, sum, 0);
            for (int s = 0; s < count; s++) {
                double expected = 0;
                for (int i = 0; i < width; i++) {
                    expected += 0.5 * q[2 + i] * rows[1 + s * width + i];
                }
                assertThat((double) scores[3 + s]).isCloseTo(expected, within(Sizes.tolerance(width)));
            }
            for (int i = 0; i < width; i++) {
                double expected = before[i];
                for (int s = 0; s < count; s++) {
                    expected += (double) p[s] * rows[1 + s * width + i];
                }
                assertThat((double) sum[i]).isCloseTo(expected, within(Sizes.tolerance(count + 1)));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("sizes")
    void rotationsTurnPairs(int pairs) {
        float[] cos = new float[pairs];
        float[] sin = new float[pairs];
        for (int j = 0; j < pairs; j++) {
            cos[j] = (float) Math.cos(j);
            sin[j] = (float) Math.sin(j);
        }
        float[] head = Sizes.normal(2 * pairs, 5);
        float[] halves = head.clone();
        Rotation.halfSplit(halves, 0, pairs, cos, sin, 0);
        float[] neighbours = head.clone();
        Rotation.interleaved(neighbours, 0, pairs, cos, sin, 0);
        for (int j = 0; j < pairs; j++) {
            assertThat(halves[j]).isEqualTo(head[j] * cos[j] - head[j + pairs] * sin[j]);
            assertThat(halves[j + pairs]).isEqualTo(head[j + pairs] * cos[j] + head[j] * sin[j]);
            assertThat(neighbours[2 * j]).isEqualTo(head[2 * j] * cos[j] - head[2 * j + 1] * sin[j]);
            assertThat(neighbours[2 * j + 1]).isEqualTo(head[2 * j + 1] * cos[j] + head[2 * j] * sin[j]);
        }
    }
}
